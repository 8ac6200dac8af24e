import type { Key, Space, Store } from '@sallyport/store';
import { openRedisStore } from '@sallyport/store/redis';
import { Redis } from 'ioredis';
import { testWith } from '../world/needs.ts';
import { startRedis, startRedisCluster } from '../world/redis.ts';
import { startRedisProxy } from './redis-proxy.ts';

const test = testWith('redis-server');

interface Traffic {
  /** Commands the server ran, by name, those of scripts not among them. */
  readonly commands: Record<string, number>;
  /** How often the client sent something after it had been quiet or answered. */
  readonly writes: number;
}

/** What `work` sends, seen from between the client and the server. */
async function watch(gateOf: { gate: unknown }, work: () => Promise<unknown>): Promise<Traffic> {
  const commands: Record<string, number> = {};
  let writes = 0;
  gateOf.gate = (piece: string, from: 'client' | 'server') => {
    if (from === 'client') {
      writes += 1;
      for (const [, name = ''] of piece.matchAll(/\*\d+\r\n\$\d+\r\n([a-z_]+)\r\n/g)) {
        commands[name] = (commands[name] ?? 0) + 1;
      }
    }
    return true;
  };
  await work();
  gateOf.gate = () => true;
  return { commands, writes };
}

const key = (partition: string, name: string): Key => [partition, name];
const value = Buffer.from('value');

async function openThrough(target: { host: string; port: number }) {
  await using stack = new AsyncDisposableStack();
  const proxy = stack.use(await startRedisProxy(target));
  const store: Store = stack.use(
    await openRedisStore({ mode: 'single', host: proxy.host, port: proxy.port, prefix: 'sp' }),
  );
  const owned = stack.move();
  return { proxy, store, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Runs every script once, so that the server knows them all. */
async function warm(space: Space): Promise<void> {
  await space.commit({ partition: 'warm', outbox: [{ id: '1', subject: 's', body: value }] });
  await (await space.outbox.claim({ limit: 1, claimMs: 1000 }))?.end(1);
  await space.range(key('warm', 'i'));
  await space.hit([{ key: key('warm', 'w'), periodMs: 1000, limit: 1 }]);
  await using lease = await space.lease(key('warm', 'l'), 1000);
  await lease?.renew();
}

test('each verb is one command and one round trip, however many keys it is about', async (t) => {
  await using server = await startRedis();
  await using through = await openThrough(server);
  const { proxy, store } = through;
  const space = store.space('trips');
  await warm(space);
  const once = (name: string): Traffic => ({ commands: { [name]: 1 }, writes: 1 });

  t.deepEqual(await watch(proxy, () => space.get([key('p', 'a')])), once('get'));
  const many = Array.from({ length: 100 }, (_, i) => key(`p${i % 7}`, `k${i}`));
  t.deepEqual(await watch(proxy, () => space.get(many)), once('mget'));
  t.deepEqual(await watch(proxy, () => space.counters(many)), once('mget'));
  const commit = () =>
    space.commit({
      id: 'all at once',
      check: [{ key: key('p', 'a'), version: undefined }],
      put: Array.from({ length: 50 }, (_, i) => ({ key: key('p', `k${i}`), value, format: 1 })),
      index: [{ index: key('p', 'i'), add: 'm', score: 1, ttlMs: 60_000 }],
      count: [{ key: key('p', 'n'), add: 1 }],
      outbox: [{ id: '1', subject: 's', body: value }],
    });
  t.deepEqual(await watch(proxy, commit), once('evalsha'));
  t.deepEqual(await watch(proxy, () => space.range(key('p', 'i'))), once('evalsha_ro'));
  t.deepEqual(await watch(proxy, () => store.now()), once('time'));

  const windows = (partitions: number) =>
    Array.from({ length: 3 * partitions }, (_, i) => ({
      key: key(`w${i % partitions}`, `k${i}`),
      periodMs: 1000,
      limit: 10,
    }));
  t.deepEqual(await watch(proxy, () => space.hit(windows(1))), once('evalsha'));
  t.deepEqual(
    await watch(proxy, () => space.hit(windows(5))),
    { commands: { evalsha: 5 }, writes: 1 },
    'one script for each partition, all in one write',
  );
  t.deepEqual(
    await watch(proxy, () => Promise.all(many.map((one) => space.get([one])))),
    { commands: { get: 100 }, writes: 1 },
    'callers side by side share a write',
  );
});

test('a server that forgot its scripts is told them again, by every verb', async (t) => {
  await using server = await startRedis();
  await using through = await openThrough(server);
  const space = through.store.space('flushed');
  await using redis = await connect(server);
  const flushed = async <T>(work: () => Promise<T>): Promise<T> => {
    await redis.client.script('FLUSH');
    return work();
  };
  const outbox = [{ id: '1', subject: 's', body: value }];
  t.true((await flushed(() => space.commit({ partition: 'p', outbox }))).ok);
  const claim = await flushed(() => space.outbox.claim({ limit: 9, claimMs: 60_000 }));
  t.is(claim?.messages.length, 1);
  t.true(await flushed(async () => claim?.end(1)));
  t.deepEqual(await flushed(() => space.range(key('p', 'i'))), []);
  const window = { key: key('p', 'w'), periodMs: 60_000, limit: 9 };
  t.is((await flushed(() => space.hit([window])))[0]?.count, 1, 'counted once');
  const lease = await flushed(() => space.lease(key('p', 'l'), 60_000));
  t.true(await flushed(async () => lease?.renew()));
  await flushed(async () => lease?.release());
  t.truthy(await flushed(() => space.lease(key('p', 'l'), 60_000)));

  const traffic = await watch(through.proxy, () => flushed(() => space.commit({ partition: 'p' })));
  t.deepEqual(traffic.commands, { evalsha: 1, eval: 1 });
});

test('in a cluster a read or a hit over many partitions is one write per node', async (t) => {
  await using cluster = await startRedisCluster();
  await using stack = new AsyncDisposableStack();
  const nodes = await Promise.all(
    cluster.nodes.map(async (node) => {
      const proxy = stack.use(await startRedisProxy(node));
      return { node, proxy };
    }),
  );
  const natMap = Object.fromEntries(
    nodes.map(({ node, proxy }) => [`${node.host}:${node.port}`, proxy]),
  );
  const [{ proxy: first }] = nodes as [(typeof nodes)[0]];
  const store = stack.use(
    await openRedisStore({ mode: 'cluster', nodes: [first], natMap, prefix: 'sp' }),
  );
  const space = store.space('trips');
  const partitions = Array.from({ length: 40 }, (_, i) => `p${i}`);
  const keys = partitions.flatMap((p) => [key(p, 'a'), key(p, 'b')]);
  const windows = keys.map((k) => ({ key: k, periodMs: 1000, limit: 10 }));
  // Connects to every node and tells each its scripts.
  await space.hit(windows);
  await space.hit(windows);
  for (const [name, work] of [
    ['mget', () => space.get(keys)],
    ['evalsha', () => space.hit(windows)],
  ] as const) {
    const traffic: Traffic[] = [];
    let run = work as () => Promise<unknown>;
    for (const { proxy } of nodes) {
      const inner = run;
      run = async () => void traffic.push(await watch(proxy, inner));
    }
    await run();
    t.deepEqual(
      traffic.map(({ writes }) => writes),
      [1, 1, 1],
    );
    t.deepEqual(
      traffic.flatMap(({ commands }) => Object.keys(commands)),
      [name, name, name],
    );
    t.is(
      traffic.reduce((sum, { commands }) => sum + (commands[name] ?? 0), 0),
      partitions.length,
    );
  }
});

async function connect({ host, port }: { host: string; port: number }) {
  const client = new Redis({ host, port });
  return { client, [Symbol.asyncDispose]: async () => void (await client.quit()) };
}
