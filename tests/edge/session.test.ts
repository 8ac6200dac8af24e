import type { SessionSettings } from '@sallyport/edge';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { openEdge, startSessions } from '../sessions/sessions-world.ts';
import { runs } from '../world/deep.ts';
import { until } from '../world/until.ts';
import {
  type Ask,
  ask,
  cookieOf,
  type EdgeSide,
  edgeWorld,
  messageOf,
  openEdgeSide,
  ringsOf,
} from './plugins-world.ts';

/** The machine may be busy: nothing here is about what takes too long. */
const PATIENT = { rpcMs: 20_000, readMs: 20_000 };

/** A world with the service `sessions` and an edge that follows it. */
async function open(settings: Record<string, unknown> = {}) {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await edgeWorld());
  const service = stack.use(await startSessions(world, settings));
  const edge = stack.use(await openEdgeSide(world, PATIENT));
  const owned = stack.move();
  return { world, service, edge, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

type Opened = Awaited<ReturnType<typeof open>>;
let kept: Opened;
test.before(async () => {
  kept = await open();
});
test.after.always(async () => {
  await kept?.[Symbol.asyncDispose]();
});

/** An edge of the test's own in the world that most tests share: no test moves its clock or ends its service. */
async function share(
  settings: Partial<SessionSettings> = {},
): Promise<Pick<Opened, 'world' | 'service' | 'edge'> & AsyncDisposable> {
  const { world, service } = kept;
  const edge = await openEdgeSide(world, { ...PATIENT, ...settings });
  return { world, service, edge, [Symbol.asyncDispose]: () => edge[Symbol.asyncDispose]() };
}

type Config = Record<string, unknown>;

/** The walk of Kong's documentation: session before key-auth with an anonymous consumer. */
function chain(edge: EdgeSide, config: Config = {}) {
  if (edge.people.consumerNamed('nobody') === undefined) edge.people.add('nobody');
  const anonymous = edge.people.consumerNamed('nobody')?.id;
  const plugins = [
    edge.plugin('session', { storage: 'server', ...config }),
    edge.plugin('key-auth', { anonymous }),
  ];
  return (request: Ask = {}) => ask(plugins, request);
}

const withKey = (key: string): Ask => ({ headers: { apikey: key } });
const withCookie = (cookie: string, more: Ask = {}): Ask => ({ ...more, headers: { cookie } });

async function logIn(edge: EdgeSide, config: Config = {}) {
  const fiona = edge.people.consumerNamed('fiona') ?? edge.people.add('fiona', 'open sesame');
  const go = chain(edge, config);
  const cookie = cookieOf(await go(withKey('open sesame')));
  return { fiona, go, cookie };
}

for (const storage of ['server', 'cookie'] as const) {
  test(`storage ${storage}: a key makes a cookie, and the cookie is enough from then on, at another edge too`, async (t) => {
    await using world = await share();
    const { edge } = world;
    const { fiona, go } = await logIn(edge, { storage });
    const first = await go(withKey('open sesame'));
    t.is(first.setCookie.length, 1);
    t.regex(
      first.setCookie[0] as string,
      /^session=[\w-]{92,}; Path=\/; SameSite=Strict; Secure; HttpOnly$/,
    );
    const cookie = cookieOf(first);

    const second = await go(withCookie(cookie));
    t.is(second.identity?.consumer?.id, fiona.id);
    t.is(second.identity?.subject, 'fiona');
    t.is(second.identity?.anonymous, false);
    t.truthy(second.identity?.session);
    t.is(second.identity?.credential, first.identity?.credential);
    t.deepEqual(second.setCookie, []);

    await using other = await openEdgeSide(world.world, PATIENT, edge.people);
    const elsewhere = await chain(other, { storage })(withCookie(cookie));
    t.is(elsewhere.identity?.consumer?.id, fiona.id);
    t.is(elsewhere.identity?.session, second.identity?.session);
  });

  test(`storage ${storage}: nobody, and the anonymous consumer, get no session`, async (t) => {
    await using world = await share();
    const go = chain(world.edge, { storage });
    const outcome = await go();
    t.true(outcome.identity?.anonymous);
    t.deepEqual(outcome.setCookie, []);
    t.deepEqual(world.edge.trips.rpc, []);
  });

  test(`storage ${storage}: a warm request makes no trip to store or bus`, async (t) => {
    // However late the heartbeats of a busy machine are.
    await using world = await share({ maxStalenessMs: 60_000, recheckMs: 60_000 });
    const { edge } = world;
    const { go, cookie } = await logIn(edge, { storage });
    await until(async () => {
      const before = { store: edge.trips.store, rpc: edge.trips.rpc.length };
      await go(withCookie(cookie));
      return edge.trips.store === before.store;
    }, 'revocations are followed');
    const before = { store: edge.trips.store, rpc: edge.trips.rpc.length };
    for (let i = 0; i < 100; i += 1) t.truthy((await go(withCookie(cookie))).identity?.session);
    t.deepEqual({ store: edge.trips.store, rpc: edge.trips.rpc.length }, before);
  });

  test(`storage ${storage}: logging out ends the session at every edge, and takes the cookie away`, async (t) => {
    await using world = await share();
    const { edge } = world;
    const { go, cookie } = await logIn(edge, { storage });
    await using other = await openEdgeSide(world.world, PATIENT, edge.people);
    const there = chain(other, { storage });
    t.truthy((await there(withCookie(cookie))).identity?.session);
    const out = await go(withCookie(cookie, { method: 'DELETE', query: 'session_logout=1' }));
    t.is(out.status, 200);
    t.is(out.answer?.body, undefined);
    t.true(out.setCookie[0]?.startsWith('session=; '));
    t.true(out.setCookie[0]?.includes('Max-Age=0'));
    t.true((await go(withCookie(cookie))).identity?.anonymous);
    await until(
      async () => (await there(withCookie(cookie))).identity?.anonymous,
      'over there too',
      2000,
    );
  });

  test(`storage ${storage}: a renewal gives one successor to all who ask at once, and both cookies work for a while`, async (t) => {
    await using world = await open();
    const { edge } = world;
    const { go, cookie, fiona } = await logIn(edge, { storage, idling_timeout: 0 });
    t.truthy((await go(withCookie(cookie))).identity?.session);
    world.world.clock.advance(50 * 60_000);
    const all = await Promise.all(Array.from({ length: 20 }, () => go(withCookie(cookie))));
    const next = new Set(all.map(cookieOf));
    t.is(next.size, 1);
    t.not([...next][0], cookie);
    t.true(all.every((one) => one.identity?.consumer?.id === fiona.id));
    t.deepEqual(edge.trips.rpc.filter((type) => type === 'sessions.renew').length, 1);
    const later = await go(withCookie([...next][0] as string));
    t.truthy(later.identity?.session);
    t.not(later.identity?.session, all[0]?.identity?.session);
    t.deepEqual(later.setCookie, []);
  });

  test(`storage ${storage}: a session that is used isn't idle, one that isn't ends, and a use is written at most once a minute`, async (t) => {
    await using world = await open();
    const {
      edge,
      world: { clock },
    } = world;
    const { go, cookie: first } = await logIn(edge, { storage });
    let cookie = first;
    for (let minutes = 0; minutes < 40; minutes += 10) {
      clock.advance(10 * 60_000);
      const outcome = await go(withCookie(cookie));
      t.truthy(outcome.identity?.session, `after ${minutes + 10} minutes`);
      // With storage in the cookie the edge writes the new time into a new one.
      t.is(outcome.setCookie.length, storage === 'cookie' ? 1 : 0);
      if (storage === 'cookie') cookie = cookieOf(outcome);
      await go(withCookie(cookie));
    }
    const renewals = edge.trips.rpc.filter((type) => type === 'sessions.renew').length;
    t.is(renewals, storage === 'cookie' ? 0 : 4);
    clock.advance(16 * 60_000);
    t.true((await go(withCookie(cookie))).identity?.anonymous);
  });

  test(`storage ${storage}: whose consumer or credential is gone is nobody, and is known again when they are back`, async (t) => {
    await using world = await share();
    const { edge } = world;
    const { go, cookie, fiona } = await logIn(edge, { storage });
    const [id, credential] = [...edge.people.keys][0] as never as [string, never];
    edge.people.keys.delete(id);
    t.true((await go(withCookie(cookie))).identity?.anonymous);
    edge.people.keys.set(id, credential);
    t.truthy((await go(withCookie(cookie))).identity?.session);
    edge.people.consumers.delete(fiona.id);
    t.true((await go(withCookie(cookie))).identity?.anonymous);
  });
}

for (const storage of ['server', 'cookie'] as const) {
  test(`storage ${storage}: all sessions of a subject end at once but the one that is spared, whichever edge has it`, async (t) => {
    await using world = await open();
    const { edge } = world;
    const config = { storage, audience: 'shop' };
    const { go, cookie } = await logIn(edge, config);
    const { cookie: spared } = await logIn(edge, config);
    await using other = await openEdgeSide(world.world, PATIENT, edge.people);
    const there = chain(other, config);
    for (const one of [cookie, spared]) {
      t.truthy((await go(withCookie(one))).identity?.session);
      t.truthy((await there(withCookie(one))).identity?.session);
    }
    const except = (await go(withCookie(spared))).identity?.session as string;
    const operator = await openEdge(world.world);
    t.is(await operator.revoke({ subject: 'fiona', except }, 'operator'), 1);
    for (const at of [go, there]) {
      await until(
        async () => (await at(withCookie(cookie))).identity?.anonymous,
        'it has ended',
        5000,
      );
      t.is((await at(withCookie(spared))).identity?.session, except);
      await until(async () => {
        const trips = edge.trips.store + other.trips.store;
        t.is((await at(withCookie(spared))).identity?.session, except);
        return edge.trips.store + other.trips.store === trips;
      }, 'that it was spared is remembered');
    }
  });
}

test('the session goes before a key that is shown beside it, and a key of somebody else that is demanded replaces it', async (t) => {
  await using world = await share();
  const { edge } = world;
  const { go, cookie, fiona } = await logIn(edge);
  const bob = edge.people.add('bob', 'bobs key');
  const both = { headers: { cookie, apikey: 'bobs key' } };
  t.is((await go(both)).identity?.consumer?.id, fiona.id);

  const strict = [edge.plugin('session', { storage: 'server' }), edge.plugin('key-auth')];
  t.is((await ask(strict, withCookie(cookie))).status, 401);
  const replaced = await ask(strict, both);
  t.is(replaced.identity?.consumer?.id, bob.id);
  t.is((await go(withCookie(cookieOf(replaced)))).identity?.consumer?.id, bob.id);
  t.true((await go(withCookie(cookie))).identity?.anonymous, 'the one before has ended');
});

test('a login while the service is away is served, without a cookie, and that is told', async (t) => {
  await using world = await open();
  const { edge, service } = world;
  edge.people.add('fiona', 'open sesame');
  await service[Symbol.asyncDispose]();
  const outcome = await chain(edge)(withKey('open sesame'));
  t.is(outcome.status, 200);
  t.is(outcome.identity?.subject, 'fiona');
  t.deepEqual(outcome.setCookie, []);
  t.true(edge.lines.some((line) => line.includes('served without a session')));
});

test('logging out while the service is away is 503, and the cookie is left', async (t) => {
  await using world = await open();
  const { edge, service } = world;
  const { go, cookie } = await logIn(edge);
  await go(withCookie(cookie));
  await service[Symbol.asyncDispose]();
  const out = await go(withCookie(cookie, { method: 'POST', query: 'session_logout' }));
  t.is(out.status, 503);
  t.is(out.answer?.headers?.['retry-after'], '1');
  t.deepEqual(out.setCookie, []);
});

test('a session that is used elsewhere isn’t idle here', async (t) => {
  await using world = await open();
  const {
    edge,
    world: { clock },
  } = world;
  const { go, cookie } = await logIn(edge);
  await using other = await openEdgeSide(
    world.world,
    { ...PATIENT, maxStalenessMs: 60_000, recheckMs: 60_000 },
    edge.people,
  );
  const there = chain(other);
  t.truthy((await there(withCookie(cookie))).identity?.session);
  const met = performance.now();
  clock.advance(10 * 60_000);
  t.truthy((await go(withCookie(cookie))).identity?.session);
  clock.advance(10 * 60_000);
  // What was read within a second counts as new.
  await until(() => performance.now() - met > 1000);
  t.truthy((await there(withCookie(cookie))).identity?.session);
});

test('an edge whose view of the service’s key is from before a rotation reads it again, and its sessions go on', async (t) => {
  await using world = await open();
  const {
    edge,
    service,
    world: { clock },
  } = world;
  const { go, cookie } = await logIn(edge, { idling_timeout: 0 });
  const keys = ringsOf(world.world, 'sessions');
  await keys.rotate('messages-sessions');
  clock.advance(50 * 60_000);
  await keys.retire('messages-sessions', { olderThanMs: 0 });
  await service.ports.reader.reload();
  // The ring is read once a second at most.
  await until(async () => cookieOf(await go(withCookie(cookie))) !== '', 'a new cookie');
  t.pass();
});

const LOGOUTS: readonly (readonly [string, Ask, Config, boolean])[] = [
  ['POST with the query argument', { method: 'POST', query: 'session_logout=true' }, {}, true],
  [
    'DELETE with the argument and no value',
    { method: 'DELETE', query: 'session_logout' },
    {},
    true,
  ],
  ['POST with the argument in a form', { method: 'POST', form: 'session_logout=1' }, {}, true],
  ['GET, which is not among the methods', { query: 'session_logout=1' }, {}, false],
  ['GET, where it is', { query: 'session_logout=1' }, { logout_methods: ['GET'] }, true],
  ['POST without an argument', { method: 'POST' }, {}, false],
  [
    'POST with a form that isn’t to be read',
    { method: 'POST', form: 'session_logout=1' },
    { read_body_for_logout: false },
    false,
  ],
  [
    'POST with another argument',
    { method: 'POST', query: 'bye' },
    { logout_query_arg: 'bye' },
    true,
  ],
  [
    'POST with the argument unset',
    { method: 'POST', query: 'session_logout' },
    { logout_query_arg: null },
    false,
  ],
];
for (const [what, request, config, out] of LOGOUTS) {
  test(`${what} ${out ? 'logs out' : 'goes on'}`, async (t) => {
    await using world = await share();
    const { go, cookie } = await logIn(world.edge, config);
    const outcome = await go(withCookie(cookie, request));
    t.is(outcome.answer?.status, out ? 200 : undefined);
    t.is((await go(withCookie(cookie))).identity?.anonymous, out);
  });
}

test('a log-out without a session goes to the upstream', async (t) => {
  await using world = await share();
  const outcome = await chain(world.edge)({ method: 'DELETE', query: 'session_logout=1' });
  t.is(outcome.answer, undefined);
});

test('the upstream sees the other cookies, and ours only if it may', async (t) => {
  await using world = await share();
  const { go, cookie } = await logIn(world.edge);
  const hidden = await go(withCookie(`a=1; ${cookie}; b=2`));
  t.is(hidden.upstream.get('cookie'), 'a=1; b=2');
  const alone = await go(withCookie(cookie));
  t.true(alone.upstream.has('cookie'));
  t.is(alone.upstream.get('cookie'), undefined);
  const forged = await go(withCookie('session=forged; a=1'));
  t.is(forged.upstream.get('cookie'), 'a=1');
  const untouched = await go(withCookie('a=1'));
  t.false(untouched.upstream.has('cookie'));
  const shown = await chain(world.edge, { hide_cookie: false })(withCookie(cookie));
  t.false(shown.upstream.has('cookie'));
});

test('a cookie is of one audience, one name and one storage', async (t) => {
  await using world = await share();
  const { edge } = world;
  const { cookie } = await logIn(edge);
  const value = cookie.slice('session='.length);
  const nobody = async (config: Config, text = cookie) =>
    (await chain(edge, config)(withCookie(text))).identity?.anonymous;
  // Known by now, and for this only.
  t.false(await nobody({}));
  t.true(await nobody({ audience: 'other' }));
  t.true(await nobody({ cookie_name: 'sid' }, `sid=${value}`));
  t.true(await nobody({ storage: 'cookie' }));
  t.false(await nobody({}));
});

test('the session that is tried is the first that opens, wherever a stranger plants others', async (t) => {
  await using world = await share();
  const { go, cookie } = await logIn(world.edge);
  t.truthy((await go(withCookie(`session=planted; ${cookie}`))).identity?.session);
  t.truthy((await go(withCookie(`session=${'A'.repeat(134)}; ${cookie}`))).identity?.session);
});

test('sessions sealed with a key that was made a moment ago are understood, however often others name keys that aren’t there', async (t) => {
  await using world = await share();
  const { edge, service } = world;
  const { cookie: old } = await logIn(edge);
  const unknown = Buffer.from(old.slice('session='.length), 'base64url');
  unknown[1] = 200;
  const forged = `session=${unknown.toString('base64url')}`;
  for (let turn = 0; turn < 2; turn += 1) {
    await service.ports.keys.rotate('sessions');
    await service.ports.rings.sessions.reload();
    const { go } = await logIn(edge);
    const cookies = await Promise.all(
      Array.from({ length: 3 }, async () => cookieOf(await go(withKey('open sesame')))),
    );
    const strangers = Array.from({ length: 20 }, () => go(withCookie(forged)));
    for (const cookie of [old, ...cookies]) {
      t.truthy((await go(withCookie(cookie))).identity?.session);
    }
    for (const one of await Promise.all(strangers)) t.true(one.identity?.anonymous);
  }
});

test('memory is bounded: who comes back after many others is read again', async (t) => {
  await using world = await share();
  await using edge = await openEdgeSide(world.world, { ...PATIENT, capacity: 3 });
  const { go, cookie } = await logIn(edge);
  const { go: again } = await logIn(edge);
  const cookies = await Promise.all(
    Array.from({ length: 5 }, async () => cookieOf(await again(withKey('open sesame')))),
  );
  for (const one of cookies) {
    t.truthy((await go(withCookie(one))).identity?.session, edge.lines.join(''));
  }
  t.is(edge.sessions.size, 3);
  t.truthy((await go(withCookie(cookie))).identity?.session);
});

test('many requests with a cookie that the edge meets for the first time cost one read', async (t) => {
  await using world = await share();
  const { cookie } = await logIn(world.edge);
  await using other = await openEdgeSide(world.world, PATIENT, world.edge.people);
  const go = chain(other);
  await Promise.all(Array.from({ length: 50 }, () => go(withCookie(cookie))));
  t.is(other.trips.store, 1);
});

test('an account that is too long for a credential’s id keeps its session all the same', async (t) => {
  await using world = await share();
  const { edge } = world;
  const subject = 'x'.repeat(1000);
  const plugins = [
    edge.plugin('session', { storage: 'server' }),
    {
      access(exchange: { identity: unknown }) {
        exchange.identity ??= {
          ...{ consumer: undefined, subject, credential: `login:${subject}`, groups: [] },
          ...{ anonymous: false, session: undefined },
        };
        return undefined;
      },
    },
  ];
  const first = await ask(plugins);
  t.is(first.setCookie.length, 1);
  const second = await ask(plugins, withCookie(cookieOf(first)));
  t.truthy(second.identity?.session);
  t.true(second.identity?.credential?.startsWith('login:'));
  t.deepEqual(second.setCookie, []);
});

/** Nothing of what a client makes up is anybody. */
async function strangers(t: ExecutionContext, edge: EdgeSide, cookie: string, storage: string) {
  t.true(cookie.length > 100);
  const go = chain(edge, { storage });
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc
      .uint8Array({ maxLength: 400 })
      .map((bytes) => `session=${Buffer.from(bytes).toString('base64url')}`),
    fc
      .tuple(fc.nat(cookie.length - 1), fc.constantFrom(...'AZaz09-_.; ='))
      .map(([at, put]) => cookie.slice(0, at) + put + cookie.slice(at + 1))
      .filter((text) => text !== cookie),
    fc.tuple(fc.nat(cookie.length - 1)).map(([at]) => cookie.slice(0, at)),
    fc.nat(8).map((n) => `session=${n}.${cookie}; session.1=${cookie}`),
  );
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      const outcome = await go(withCookie(text));
      return outcome.identity?.anonymous === true && outcome.setCookie.length === 0;
    }),
    runs(400, 20_000),
  );
  t.truthy((await go(withCookie(cookie))).identity?.session);
}

for (const storage of ['server', 'cookie'] as const) {
  test(`storage ${storage}: no bytes in a cookie throw, and none are anybody but those that were given out`, async (t) => {
    await using world = await share();
    const { cookie } = await logIn(world.edge, { storage });
    await strangers(t, world.edge, cookie, storage);
  });
}

test('what is wrong with logging in is never told as the session’s fault', async (t) => {
  await using world = await share();
  const strict = [world.edge.plugin('session'), world.edge.plugin('key-auth')];
  const outcome = await ask(strict, withCookie('session=x'));
  t.is(outcome.status, 401);
  t.is(messageOf(outcome), 'No API key found in request');
});
