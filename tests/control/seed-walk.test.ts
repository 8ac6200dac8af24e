import { entityLog, keyAuths } from '@sallyport/gateway';
import { testWith } from '../world/needs.ts';
import { digestOfEdge, startControl, worlds } from './control-world.ts';

const test = testWith('redis-server', 'nats-server');

for (const [name, open] of Object.entries(worlds)) {
  test(`${name}: the session plugin's manual can be followed step by step`, async (t) => {
    await using world = await open();
    await using instance = await startControl({ space: world.space, bus: await world.connect() });
    const { ask } = instance;

    const service = await ask(
      'POST',
      '/services/',
      'name=example-service&url=http://mockbin.org/request',
    );
    t.is(service.status, 201);
    const { protocol, host, port, path, retries } = service.json;
    t.deepEqual([protocol, host, port, path, retries], ['http', 'mockbin.org', 80, '/request', 5]);

    const route = await ask('POST', '/services/example-service/routes', 'paths[]=/sessions-test');
    t.is(route.status, 201);
    t.deepEqual(route.json.paths, ['/sessions-test']);
    t.deepEqual(route.json.service, { id: service.json.id });

    const keyAuth = await ask('POST', '/services/example-service/plugins/', 'name=key-auth');
    t.is(keyAuth.status, 201);
    t.deepEqual(keyAuth.json.config.key_names, ['apikey']);
    t.is(keyAuth.json.config.anonymous, null);

    const anonymous = await ask('POST', '/consumers/', 'username=anonymous_users');
    const fiona = await ask('POST', '/consumers/', 'username=fiona');
    t.deepEqual([anonymous.status, fiona.status], [201, 201]);

    const key = await ask('POST', '/consumers/fiona/key-auth/', 'key=open_sesame');
    t.is(key.status, 201);
    t.is(key.json.key, 'open_sesame');
    t.deepEqual(key.json.consumer, { id: fiona.json.id });

    const patched = await ask(
      ...(['PATCH', `/plugins/${keyAuth.json.id}`] as const),
      `config.anonymous=${anonymous.json.id}`,
    );
    t.is(patched.status, 200);
    t.is(patched.json.config.anonymous, anonymous.json.id);
    t.deepEqual(patched.json.config.key_names, ['apikey'], 'the other settings stay');

    const session = await ask(
      ...(['POST', '/services/example-service/plugins'] as const),
      'name=session&config.storage=kong&config.cookie_secure=false',
    );
    t.is(session.status, 201);
    t.deepEqual([session.json.config.storage, session.json.config.cookie_secure], ['kong', false]);

    const termination = await ask(
      ...(['POST', '/services/example-service/plugins'] as const),
      `name=request-termination&config.status_code=403&config.message=So long and thanks for all the fish!&consumer.id=${anonymous.json.id}`,
    );
    t.is(termination.status, 201, termination.text);
    t.is(termination.json.config.status_code, 403);
    t.is(termination.json.config.message, 'So long and thanks for all the fish!');
    t.deepEqual(termination.json.consumer, { id: anonymous.json.id });
    t.deepEqual(termination.json.service, { id: service.json.id });

    // The store has no key, and neither has anything that is read later.
    const tables = await entityLog(world.space, [keyAuths]).load();
    t.is(tables.list(keyAuths)[0]?.key_digest, await digestOfEdge('open_sesame'));
    t.false(JSON.stringify(tables.list(keyAuths)).includes('open_sesame'));
    for (const path of ['/consumers/fiona/key-auth', '/key-auths', '/key-auths/open_sesame']) {
      const { status, text } = await ask('GET', path);
      t.is(status, 200);
      t.false(/open_sesame"|digest/.test(text), text);
    }
  });

  test(`${name}: two instances side by side see and respect each other's work at once`, async (t) => {
    await using world = await open();
    await using a = await startControl({ space: world.space, bus: await world.connect() });
    await using b = await startControl({ space: world.space, bus: await world.connect() });
    await a.ask('POST', '/services', { name: 's', host: 'a.example' });
    t.is((await b.ask('GET', '/services/s')).json.host, 'a.example');
    await b.ask('PATCH', '/services/s', { host: 'b.example' });
    t.is((await a.ask('GET', '/services/s')).json.host, 'b.example');

    const posts = await Promise.all(
      Array.from({ length: 20 }, (_, i) => {
        const { ask } = i % 2 === 0 ? a : b;
        return ask('POST', '/consumers', { username: `user-${i % 10 < 5 ? 'same' : i}` });
      }),
    );
    const statuses = posts.map(({ status }) => status);
    t.is(statuses.filter((status) => status === 201).length, 11);
    t.is(statuses.filter((status) => status === 409).length, 9);

    const puts = await Promise.all(
      [a, b, a, b].map(({ ask }) => ask('PUT', '/services/same', { host: 'c.example' })),
    );
    t.deepEqual([...new Set(puts.map(({ status }) => status))], [200]);
    t.is(new Set(puts.map(({ json }) => json.id)).size, 1, 'one entity');
  });
}
