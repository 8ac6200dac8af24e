import { announcePresence, type NodeDescription, type RpcHandler } from '@sallyport/bus';
import { actionsRun, certsList, sessionsList, sessionsRevoke } from '@sallyport/contracts';
import { SallyportError, systemClock } from '@sallyport/runtime';
import test from 'ava';
import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import { clusterWorld, embeddedWorld, startControl, type World } from './control-world.ts';

const V1 = '/operator/v1';
const TIME = '2026-11-22T12:00:00.000Z';

async function started(world: World) {
  return startControl({ space: world.space, bus: await world.connect() });
}

test('certificates are listed as certs answers, and the question goes there as it was asked', async (t) => {
  await using world = await embeddedWorld();
  await using instance = await started(world);
  const bus = await world.connect();
  const reply = {
    certificates: [
      {
        ...{ name: 'shop.example', issuer: 'internal', fingerprint: 'a'.repeat(64) },
        ...{ notBefore: TIME, notAfter: TIME, later: 'addition' },
      },
    ],
    next: 'shop.example',
  };
  const asked: unknown[] = [];
  await using _ = await bus.rpc.respond(certsList, {}, (data) => {
    asked.push(data);
    return reply;
  });
  const { status, json } = await instance.ask('GET', `${V1}/certificates?after=a.example&limit=7`);
  t.is(status, 200);
  t.deepEqual(json, reply);
  t.deepEqual(asked, [{ after: 'a.example', limit: 7 }]);
  const wrong = await instance.ask('GET', `${V1}/certificates?limit=0`);
  t.is(wrong.status, 400);
  t.regex(wrong.json.detail, /limit/);
});

test('sessions are listed and ended by subject and by id', async (t) => {
  await using world = await embeddedWorld();
  await using instance = await started(world);
  const bus = await world.connect();
  const subject = 'ada lovelace+ü@example.org';
  const reply = {
    sessions: [{ session: 's1', audience: 'default', subject, created: TIME, seen: TIME }],
  };
  const asked: unknown[] = [];
  const keys = new Set<string | undefined>();
  await using _list = await bus.rpc.respond(sessionsList, {}, (data) => {
    asked.push(data);
    return reply;
  });
  await using _revoke = await bus.rpc.respond(sessionsRevoke, {}, (data, { idempotencyKey }) => {
    asked.push(data);
    keys.add(idempotencyKey);
    return { revoked: 'session' in data.target && data.target.session === 'gone' ? 0 : 1 };
  });
  const query = new URLSearchParams({ subject, audience: 'shop', limit: '5' });
  t.deepEqual((await instance.ask('GET', `${V1}/sessions?${query}`)).json, reply);
  t.deepEqual((await instance.ask('DELETE', `${V1}/sessions/s1?audience=shop`)).json, {
    revoked: 1,
  });
  const gone = await instance.ask('DELETE', `${V1}/sessions/gone`);
  t.is(gone.status, 404);
  t.is(gone.json.detail, "no session 'gone' of audience 'default' goes on");
  t.regex(gone.headers.get('content-type') ?? '', /^application\/problem\+json/);
  const all = await instance.ask('POST', `${V1}/sessions/revoke`, { subject, except: 's2' });
  t.deepEqual(all.json, { revoked: 1 });
  const why = { subject, audience: 'shop', reason: 'stolen-laptop' };
  await instance.ask('POST', `${V1}/sessions/revoke`, why);
  t.deepEqual(asked, [
    { subject, audience: 'shop', limit: 5 },
    { audience: 'shop', target: { session: 's1' }, reason: 'operator' },
    { audience: 'default', target: { session: 'gone' }, reason: 'operator' },
    { audience: 'default', target: { subject, except: 's2' }, reason: 'operator' },
    { audience: 'shop', target: { subject }, reason: 'stolen-laptop' },
  ]);
  t.is(keys.size, 4, 'each write has a key of its own');
  for (const [method, path, body] of [
    ['GET', '/sessions', undefined],
    ['POST', '/sessions/revoke', {}],
    ['POST', '/sessions/revoke', { subject, reason: 'Two Words' }],
    ['POST', '/sessions/revoke', 'subject=ada'],
  ] as const) {
    const { status, json } = await instance.ask(method, V1 + path, body);
    t.is(status, 400, path);
    t.is(json.status, 400);
  }
  t.is(asked.length, 5);
});

class BrokenStoreError extends SallyportError {
  readonly code = 'SP_ERR_STORE_UNAVAILABLE';
}
class OddError extends SallyportError {
  readonly code = 'SP_ERR_ODD';
}

const failures: [string, RpcHandler<object, never> | undefined, number, string, string][] = [
  ['nobody answers', undefined, 503, 'SP_ERR_RPC_UNAVAILABLE', 'nobody answers: '],
  [
    'its store is away',
    () => Promise.reject(new BrokenStoreError('no connection to redis')),
    ...([
      503,
      'SP_ERR_STORE_UNAVAILABLE',
      'whoever answers failed: no connection to redis',
    ] as const),
  ],
  [
    'it fails otherwise',
    () => Promise.reject(new OddError('seven is odd')),
    ...([502, 'SP_ERR_ODD', 'whoever answers failed: seven is odd'] as const),
  ],
  [
    'it is too slow',
    (_, { signal }) => systemClock.sleep(60_000, signal) as never,
    ...([504, 'SP_ERR_RPC_TIMEOUT', 'no answer in time, it may have been done: '] as const),
  ],
];

for (const [what, handler, status, code, detail] of failures) {
  test(`when a service is asked and ${what}, that is what the operator is told`, async (t) => {
    await using world = await embeddedWorld();
    await using instance = await started(world);
    const bus = await world.connect();
    await using stack = new AsyncDisposableStack();
    if (handler !== undefined) stack.use(await bus.rpc.respond(certsList, {}, handler));
    const answer = await instance.ask('GET', `${V1}/certificates`);
    t.is(answer.status, status);
    t.is(answer.json.code, code);
    t.true(answer.json.detail.startsWith(detail), answer.json.detail);
    t.is(answer.headers.get('retry-after'), status === 503 ? '1' : null);
  });
}

test('the processes of the system are listed while they tell that they are there', async (t) => {
  await using world = await embeddedWorld();
  await using instance = await started(world);
  const { feeds } = await world.connect();
  const node: NodeDescription = {
    ...{ instance: 'edge-1', services: ['edge'], version: '0.1.0', started: TIME },
    ...{ phase: 'draining', listens: ['https://127.0.0.2:8443'], faults: ['store: away'] },
  };
  t.deepEqual((await instance.ask('GET', `${V1}/nodes`)).json, { nodes: [] });
  await using _ = announcePresence({ feeds, clock: systemClock, describe: () => node });
  const listed = await until(async () => {
    const { nodes } = (await instance.ask('GET', `${V1}/nodes`)).json;
    return nodes.length === 1 ? nodes[0] : undefined;
  });
  const { silentMs, ...rest } = listed;
  t.deepEqual(rest, node);
  t.true(Number.isInteger(silentMs) && silentMs < 5000);
});

test('the configuration is shown with the source of each value, and secrets as ***', async (t) => {
  await using world = await embeddedWorld();
  const token = 'a-token-of-16-characters';
  await using instance = await startControl(
    { space: world.space, bus: await world.connect() },
    { max_body: '2MiB' },
    { SALLYPORT_CONTROL__API__TOKEN: token },
  );
  const bearer = { authorization: `Bearer ${token}` };
  const { text, json } = await instance.ask('GET', `${V1}/config`, undefined, bearer);
  t.false(text.includes(token));
  const settings = new Map(json.settings.map((one: { path: string }) => [one.path, one] as const));
  t.like(settings.get('control.api.max_body'), {
    value: '2MiB',
    source: 'file',
    where: 'test:1',
  });
  t.like(settings.get('control.api.host'), { value: '"127.0.0.1"', source: 'default' });
  t.like(settings.get('control.api.token'), {
    ...{ value: '***', source: 'env', where: 'SALLYPORT_CONTROL__API__TOKEN' },
  });
});

test('with a token configured the operator API answers nobody without it', async (t) => {
  await using world = await embeddedWorld();
  const token = 'a-token-of-16-characters';
  const env = { SALLYPORT_CONTROL__API__TOKEN: token };
  await using instance = await startControl(
    { space: world.space, bus: await world.connect() },
    {},
    env,
  );
  for (const [method, path] of [
    ['GET', '/events'],
    ['GET', '/certificates'],
    ['GET', '/sessions?subject=a'],
    ['DELETE', '/sessions/a'],
    ['GET', '/nodes'],
    ['GET', '/config'],
    ['GET', '/dead-letters'],
    ['POST', '/dead-letters/1/requeue'],
    ['GET', '/nothing'],
  ] as const) {
    t.is((await instance.ask(method, V1 + path)).status, 401, path);
    const wrong = { authorization: 'Bearer another-token-of-16' };
    t.is((await instance.ask(method, V1 + path, undefined, wrong)).status, 401, path);
    const evil = { authorization: `Bearer ${token}`, origin: 'https://evil.example' };
    t.is((await instance.ask(method, V1 + path, undefined, evil)).status, 403, path);
  }
});

test('what is not there is a problem document, and the OpenAPI document has what is', async (t) => {
  await using world = await embeddedWorld();
  await using instance = await started(world);
  const { status, json } = await instance.ask('GET', `${V1}/nothing`);
  t.is(status, 404);
  t.is(json.title, 'Not Found');
  const { paths } = (await instance.ask('GET', '/openapi.json')).json;
  t.deepEqual(
    Object.keys(paths)
      .filter((path) => path.startsWith(V1))
      .toSorted(),
    [
      ...[`${V1}/certificates`, `${V1}/config`, `${V1}/dead-letters`],
      ...[`${V1}/dead-letters/{sequence}`, `${V1}/dead-letters/{sequence}/requeue`],
      ...[`${V1}/events`, `${V1}/nodes`, `${V1}/sessions`, `${V1}/sessions/revoke`],
      `${V1}/sessions/{session}`,
    ],
  );
  const { description } = paths[`${V1}/events`].get.parameters[0];
  t.regex(description, /tls\.\*/);
});

const login = {
  ...{ login: 'ada', door: 'edge', client: { address: '192.0.2.7' } },
};
const job = {
  ...{ action: 'mail', trigger: 'post', decision: 'd1', verdict: 'accept' as const },
  ...{ reason: 'password', request: login },
};

test('a dead letter is read, given another try, and thrown away', async (t) => {
  await using world = await embeddedWorld();
  await using instance = await started(world);
  const bus = await world.connect();
  const tried: string[] = [];
  let mood: 'dead' | 'done' = 'dead';
  await using _ = await bus.jobs.work(actionsRun, { maxDeliver: 1 }, ({ id }) => {
    tried.push(id);
    return mood === 'dead' ? { dead: 'the mail server is made of cheese' } : undefined;
  });
  await bus.jobs.enqueue(actionsRun, job, { id: 'job-1' });
  await bus.jobs.enqueue(actionsRun, job, { id: 'job-2' });
  const letters = async (query = '') =>
    (await instance.ask('GET', `${V1}/dead-letters${query}`)).json.letters;
  await until(async () => (await letters()).length === 2);
  const [first, second] = await letters();
  t.like(first, {
    ...{ id: 'job-1', subject: 'job.actions.run.v1', attempts: 1 },
    ...{ reason: 'the mail server is made of cheese', body: job },
  });
  t.deepEqual(await letters(`?after=${first.sequence}`), [second]);
  t.deepEqual(await letters('?limit=1'), [first]);
  t.deepEqual(await letters('?subject=job.other.v1'), []);
  mood = 'done';
  const again = await instance.ask('POST', `${V1}/dead-letters/${first.sequence}/requeue`);
  t.deepEqual(again.json, { sequence: first.sequence });
  await until(() => tried.length === 3);
  t.is(tried[2], 'job-1');
  t.is((await instance.ask('DELETE', `${V1}/dead-letters/${second.sequence}`)).status, 200);
  t.deepEqual(await letters(), []);
  for (const [method, path] of [
    ['POST', `${second.sequence}/requeue`],
    ['DELETE', `${second.sequence}`],
  ] as const) {
    const { status, json } = await instance.ask(method, `${V1}/dead-letters/${path}`);
    t.is(status, 404);
    t.is(json.detail, `no dead letter ${second.sequence}`);
  }
  t.is((await instance.ask('DELETE', `${V1}/dead-letters/x`)).status, 400);
});

testWith('redis-server', 'nats-server')(
  'over real brokers the answers are the same, and an absent service is told at once',
  async (t) => {
    await using world = await clusterWorld();
    await using instance = await started(world);
    const bus = await world.connect();
    const absent = await instance.ask('GET', `${V1}/certificates`);
    t.deepEqual([absent.status, absent.json.code], [503, 'SP_ERR_RPC_UNAVAILABLE']);
    await using _ = await bus.rpc.respond(certsList, {}, () => ({ certificates: [] }));
    t.deepEqual((await instance.ask('GET', `${V1}/certificates`)).json, { certificates: [] });
    t.deepEqual((await instance.ask('GET', `${V1}/dead-letters`)).json, { letters: [] });
  },
);
