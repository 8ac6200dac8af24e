import { request } from 'node:http';
import { exitCodeOf } from '@sallyport/runtime';
import { openRedisStore } from '@sallyport/store/redis';
import test from 'ava';
import { testWith } from '../world/needs.ts';
import { startRedis } from '../world/redis.ts';
import { until } from '../world/until.ts';
import { clusterWorld, embeddedWorld, startControl } from './control-world.ts';

/** Sends headers that fetch doesn't let through. */
function send(base: string, headers: Record<string, string>): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const form = { 'content-type': 'application/x-www-form-urlencoded', ...headers };
  const req = request(`${base}/consumers`, { method: 'POST', headers: form }, (res) => {
    res.resume();
    resolve(res.statusCode);
  });
  req.on('error', reject);
  req.end('username=planted');
  return promise;
}

test('a web page, whatever name it uses for us, writes nothing', async (t) => {
  await using world = await embeddedWorld();
  await using instance = await startControl({ space: world.space, bus: await world.connect() });
  const base = instance.control.url as string;
  for (const [headers, status] of [
    [{ host: 'rebound.example' }, 421],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
  ] as const) {
    t.is(await send(base, headers), status, JSON.stringify(headers));
  }
  t.deepEqual((await instance.ask('GET', '/consumers')).json.data, []);
  t.is(await send(base, { 'sec-fetch-site': 'same-origin', origin: base }), 201);
});

test('with a token configured nobody reads, writes or learns a path without it', async (t) => {
  await using world = await embeddedWorld();
  const token = 'admin-token-0123456789';
  await using instance = await startControl(
    { space: world.space, bus: await world.connect() },
    {},
    { SALLYPORT_CONTROL__API__TOKEN: token },
  );
  const bearer = { authorization: `Bearer ${token}` };
  for (const path of ['/', '/services', '/services/', '/nothing', '/plugins/enabled']) {
    t.is((await instance.ask('GET', path)).status, 401, path);
    t.is((await instance.ask('DELETE', path)).status, 401, path);
  }
  t.is((await instance.ask('POST', '/consumers', 'username=a')).status, 401);
  t.is((await instance.ask('POST', '/consumers', 'username=a', bearer)).status, 201);
  t.is((await instance.ask('GET', '/nothing', undefined, bearer)).status, 404);
  t.false(instance.lines.join().includes(token));
});

test('a key is in no line of the log', async (t) => {
  await using world = await embeddedWorld();
  await using instance = await startControl({ space: world.space, bus: await world.connect() });
  await instance.ask('POST', '/consumers', 'username=a');
  await instance.ask('POST', '/consumers/a/key-auth', 'key=open_sesame');
  await instance.ask('POST', '/consumers/a/key-auth', 'key=open_sesame');
  await instance.ask('GET', '/key-auths/open_sesame');
  t.false(instance.lines.join().includes('open_sesame'));
});

const brokers = testWith('redis-server', 'nats-server');

brokers(
  'while the store is away the API answers 503 with the reason, and goes on when it is back',
  async (t) => {
    await using world = await clusterWorld();
    await using instance = await startControl({ space: world.space, bus: await world.connect() });
    const { ask } = instance;
    await ask('POST', '/consumers', 'username=before');
    await world.redis?.kill();
    for (const [method, path, body] of [
      ['GET', '/consumers', undefined],
      ['GET', '/consumers/before', undefined],
      ['GET', '/status', undefined],
      ['POST', '/consumers', 'username=during'],
      ['DELETE', '/consumers/before', undefined],
    ] as const) {
      const { status, json, headers } = await ask(method, path, body);
      t.is(status, 503, `${method} ${path}`);
      t.is(json.code, 8);
      t.regex(json.message, /^the store is unavailable: /);
      t.is(headers.get('retry-after'), '1');
    }
    t.is((await ask('GET', '/nothing')).status, 404);
    await world.redis?.restart();
    await until(async () => (await ask('GET', '/consumers')).status === 200, 'the store is back');
    t.is((await ask('GET', '/consumers')).json.data.length, 1);
    t.is((await ask('POST', '/consumers', 'username=after')).status, 201);
  },
);

brokers(
  'control does not start while the store is away, and says so by its exit code',
  async (t) => {
    await using world = await embeddedWorld();
    const redis = await startRedis();
    const { host, port } = redis;
    await using store = await openRedisStore({ mode: 'single', host, port, prefix: 'sallyport' });
    await redis[Symbol.asyncDispose]();
    const bus = await world.connect();
    const error = await t.throwsAsync(startControl({ space: store.space('gateway'), bus }));
    t.is(exitCodeOf(error), 69);
  },
);

test('draining lets a request in flight finish, and the port is free afterwards', async (t) => {
  await using world = await embeddedWorld();
  const bus = await world.connect();
  await using instance = await startControl({ space: world.space, bus });
  const port = Number(new URL(instance.control.url as string).port);
  const writes = Array.from({ length: 10 }, (_, i) =>
    instance.ask('POST', '/consumers', { username: `user-${i}` }).then(
      ({ status }) => status,
      () => 'refused' as const,
    ),
  );
  t.is(await writes[0], 201);
  await instance.control.drain?.(new AbortController().signal);
  const ended = await Promise.all(writes);
  await using second = await startControl({ space: world.space, bus }, { port });
  const { data } = (await second.ask('GET', '/consumers')).json;
  t.is(data.length, ended.filter((status) => status === 201).length, 'what was answered is there');
});
