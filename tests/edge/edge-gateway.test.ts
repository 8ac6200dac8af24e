import { randomUUID } from 'node:crypto';
import { storedHttpChallenges } from '@sallyport/pki';
import test from 'ava';
import { until } from '../world/until.ts';
import { ask, openEdge, openUpstream } from './edge-world.ts';

const terminate = (status_code: number, more: Record<string, unknown> = {}) => ({
  name: 'request-termination',
  config: { status_code, message: `by ${status_code}` },
  ...more,
});

test('routes without a service, services that are off, and plain requests to https routes are answered as Kong does', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge({ config: { https: { public_port: 443 } } });
  await it.put('routes', { hosts: ['none.test'] });
  await it.route('off', upstream.port, { hosts: ['off.test'] }, { enabled: false });
  await it.route('tls', upstream.port, { hosts: ['tls.test'], protocols: ['https'] });
  await it.put('routes', {
    ...{ hosts: ['moved.test'], protocols: ['https'], https_redirect_status_code: 308 },
  });
  const none = await ask(it.http, 'GET /', 'none.test');
  t.deepEqual([none.status, none.body], [503, '{"message":"no Service found with those values"}']);
  t.is((await ask(it.http, 'GET /', 'off.test')).status, 404);
  const tls = await ask(it.http, 'GET /', 'tls.test');
  t.deepEqual([tls.status, tls.body], [426, '{"message":"Please use HTTPS protocol"}']);
  t.regex(tls.head, /^upgrade: TLS\/1\.2, HTTP\/1\.1$/im);
  const moved = await ask(it.http, 'GET /a//b?c=%64', 'moved.test:8000');
  t.is(moved.status, 308);
  t.regex(moved.head, /^location: https:\/\/moved\.test\/a\/b\?c=%64$/im);
  t.is(upstream.seen.length, 0);
});

test('strip_path, preserve_host and the paths of services make the upstream’s target', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge();
  const base = { path: '/base' };
  await it.route('strip', upstream.port, { hosts: ['s.test'], paths: ['/in'] }, base);
  await it.route(
    'keep',
    upstream.port,
    { hosts: ['k.test'], paths: ['/in'], strip_path: false, preserve_host: true },
    base,
  );
  await ask(it.http, 'GET /in/x', 's.test');
  await ask(it.http, 'GET /in/x', 'K.test:81');
  await ask(it.http, 'GET /in/../in/./%2e%2e/in/y', 'k.test');
  const got = upstream.seen.map(({ url, headers }) => [url, headers['host']]);
  t.deepEqual(got, [
    ['/base/x', `127.0.0.1:${upstream.port}`],
    ['/base/in/x', 'k.test:81'],
    ['/base/in/y', 'k.test'],
  ]);
});

test('of each plugin the most specific instance works, for whoever it turns out to be', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge();
  const { service, route } = await it.route('a', upstream.port, { hosts: ['a.test'] });
  await it.route('b', upstream.port, { hosts: ['b.test'] });
  const ann = await it.put('consumers', { username: 'ann' });
  const ref = (id: string) => ({ id });
  const status = async (host = 'a.test') => (await ask(it.http, 'GET /', host)).status;
  const scopes: readonly (readonly [number, Record<string, unknown>])[] = [
    [500, {}],
    [501, { service: ref(service) }],
    [502, { route: ref(route) }],
    [503, { consumer: ref(ann.id) }],
    [504, { route: ref(route), service: ref(service) }],
    [505, { service: ref(service), consumer: ref(ann.id) }],
    [506, { route: ref(route), consumer: ref(ann.id) }],
    [507, { route: ref(route), service: ref(service), consumer: ref(ann.id) }],
  ];
  // Nobody is ann yet.
  const anonymous = [200, 500, 501, 502, 502, 504, 504, 504];
  const made: string[] = [];
  for (const [i, [code, scope]] of scopes.entries()) {
    if (i > 0) t.is(await status(), anonymous[i] as number, `before ${code}`);
    made.push((await it.put('plugins', terminate(code, scope))).id);
  }
  t.is(await status(), 504);
  t.is(await status('b.test'), 500);
  // Now everybody is.
  const auth = await it.put('plugins', { name: 'key-auth', config: { anonymous: ann.id } });
  const asAnn: number[] = [];
  for (const id of made.toReversed()) {
    asAnn.push(await status());
    await it.remove('plugins', id);
  }
  t.deepEqual(asAnn, [507, 506, 505, 504, 503, 502, 501, 500]);
  t.is(await status(), 200);
  await it.remove('plugins', auth.id);
});

test('plugins that are off, or for another scheme, don’t work; a more general one takes their place', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge();
  const { route } = await it.route('a', upstream.port, { hosts: ['a.test'] });
  await it.put('plugins', terminate(418));
  await it.put('plugins', terminate(410, { route: { id: route }, protocols: ['https'] }));
  t.is((await ask(it.http, 'GET /')).status, 418);
  const off = await it.route('b', upstream.port, { hosts: ['b.test'] });
  await it.put('plugins', terminate(411, { route: { id: off.route }, enabled: false }));
  t.is((await ask(it.http, 'GET /', 'b.test')).status, 418);
});

test('a plugin that is unknown, or can’t be configured, refuses its requests and no others', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge();
  const a = await it.route('a', upstream.port, { hosts: ['a.test'] });
  const b = await it.route('b', upstream.port, { hosts: ['b.test'] });
  await it.route('c', upstream.port, { hosts: ['c.test'] });
  const entity = (name: string, route: string, config: Record<string, unknown>) => ({
    ...{ id: randomUUID(), created_at: 1, updated_at: 1, name, instance_name: null, tags: null },
    ...{ service: null, consumer: null, route: { id: route }, enabled: true, config },
    protocols: ['http', 'https'],
  });
  await it.putRaw('plugins', entity('from-the-future', a.route, {}));
  await it.putRaw('plugins', entity('key-auth', b.route, { key_in_header: 'perhaps' }));
  const future = await ask(it.http, 'GET /');
  t.deepEqual([future.status, future.body], [500, '{"message":"An unexpected error occurred"}']);
  t.is((await ask(it.http, 'GET /', 'b.test')).status, 500);
  t.is((await ask(it.http, 'GET /', 'c.test')).status, 200);
  t.is(upstream.seen.length, 1);
  t.true(it.lines.some((line) => line.includes('from-the-future')));
});

test('a route that this version can’t read doesn’t take the others with it', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge();
  const { service } = await it.route('a', upstream.port, { hosts: ['a.test'] });
  await it.putRaw('routes', {
    ...{ id: randomUUID(), created_at: 1, updated_at: 1, name: null, tags: null, methods: null },
    ...{ hosts: ['b.test'], paths: ['~/(?=x)'], headers: null, snis: null, regex_priority: 0 },
    ...{ protocols: ['http'], strip_path: true, preserve_host: false, path_handling: 'v0' },
    ...{ https_redirect_status_code: 426, service: { id: service } },
    ...{ request_buffering: true, response_buffering: true },
  });
  t.is((await ask(it.http, 'GET /')).status, 200);
  t.is((await ask(it.http, 'GET /x', 'b.test')).status, 404);
  t.true(it.lines.some((line) => line.includes('route left out')));
});

test('a change is served at once; requests on their way go on with what they began with', async (t) => {
  const release = Promise.withResolvers<void>();
  await using upstream = await openUpstream((request, response) => {
    if (request.url !== '/slow') return false;
    void release.promise.then(() => response.end('old'));
    return true;
  });
  await using it = await openEdge();
  const { service, route } = await it.route('a', upstream.port, { hosts: ['a.test'] });
  const slow = ask(it.http, 'GET /slow');
  await until(() => it.edge.status().requests === 1);
  await it.remove('routes', route);
  await it.remove('services', service);
  t.is((await ask(it.http, 'GET /')).status, 404);
  release.resolve();
  const { status, body } = await slow;
  t.deepEqual([status, body], [200, 'old']);
});

test('challenges of CAs are answered on the plain port before any route, for the name they are of', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge();
  await it.route('all', upstream.port, { paths: ['/'] });
  await it.ports.spaces.certs.commit({
    put: [
      {
        key: storedHttpChallenges.key('new.test', 'token-1'),
        format: storedHttpChallenges.format,
        value: storedHttpChallenges.encode({ answer: 'token-1.thumb' }),
        ttlMs: 60_000,
      },
    ],
  });
  upstream.seen.length = 0;
  const path = '/.well-known/acme-challenge/token-1';
  const good = await ask(it.http, `GET ${path}`, 'NEW.test:80');
  t.deepEqual([good.status, good.body], [200, 'token-1.thumb']);
  t.regex(good.head, /^content-type: text\/plain$/m);
  t.is((await ask(it.http, `GET ${path}`, 'other.test')).status, 404);
  t.is((await ask(it.http, 'GET /.well-known/acme-challenge/other', 'new.test')).status, 404);
  t.is((await ask(it.http, 'GET /.well-known/acme-challenge/../x', 'new.test')).status, 200);
  it.reach.store = false;
  t.is((await ask(it.http, `GET ${path}`, 'new.test')).status, 503);
  t.deepEqual(
    upstream.seen.map(({ url }) => url),
    ['/.well-known/x'],
  );
});

test('without the store, the bus or both, what was known last goes on being served; then it catches up', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  for (const away of [{ store: false }, { bus: false }, { store: false, bus: false }]) {
    Object.assign(it.reach, away);
    await until(() => away.bus !== false || !it.edge.status().fresh);
    for (let i = 0; i < 5; i += 1) t.is((await ask(it.http, 'GET /')).status, 200);
    t.is((await ask(it.http, 'GET /', 'new.test')).status, 404);
    t.true((await it.health.ready()).ok);
    Object.assign(it.reach, { store: true, bus: true });
    await until(() => it.edge.status().fresh);
  }
  // Nothing is heard of a change while the bus is away: the store says so when it is asked, before the bus is back.
  it.reach.bus = false;
  await it.route('new', upstream.port, { hosts: ['new.test'] });
  t.is((await ask(it.http, 'GET /', 'new.test')).status, 200);
});
