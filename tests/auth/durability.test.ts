import { actionsRun, authDecided, type DataOf, type PrivacyPolicy } from '@sallyport/contracts';
import test from 'ava';
import { until } from '../world/until.ts';
import { embeddedWorld, type Instance, RIGHT, rule, startAuth, type World } from './auth-world.ts';

const actions = { post_actions: ['log', 'audit'] };
const open = (limit = 5) => ({
  ...rule(limit, { on_failure: 'open', actions: ['alarm'] }),
  ...actions,
});

/** Every job that comes, by its id, as often as it comes. */
async function jobsOf(world: World) {
  const seen: { id: string; data: DataOf<typeof actionsRun> }[] = [];
  const bus = await world.connect('control');
  await bus.jobs.work(actionsRun, {}, ({ id, data }) => void seen.push({ id, data }));
  return seen;
}

const login = (auth: Instance, password: string) => auth.login('bob', password);

test('One decision leaves one event and one job for each action, all with its id.', async (t) => {
  await using world = await embeddedWorld();
  const jobs = await jobsOf(world);
  await using auth = await startAuth(world, { config: open(1) });
  const { decision } = await auth.ask({ login: 'bob', clear: RIGHT.bob });
  await until(() => jobs.length === 2);
  t.like(jobs[0]?.data, {
    ...{ action: 'log', trigger: 'post', decision, verdict: 'accept', reason: 'password' },
    ...{ account: 'bob@example.com', request: { login: 'bob', door: 'edge' } },
  });
  t.like(jobs[1]?.data, { action: 'audit', trigger: 'post' });
  await auth.ask({ clear: 'guess' });
  await until(() => jobs.length === 4);
  const banned = await auth.ask({ clear: 'guess' });
  await until(() => jobs.length === 7);
  t.deepEqual(
    jobs.slice(4).map(({ data: d }) => [d.trigger, d.action, d.verdict, d.reason, d.decision]),
    [
      ['brute-force', 'alarm', 'reject', 'brute-force', banned.decision],
      ['post', 'log', 'reject', 'brute-force', banned.decision],
      ['post', 'audit', 'reject', 'brute-force', banned.decision],
    ],
  );
  await until(() => auth.decided.length === 3);
  t.false(JSON.stringify(jobs).includes(RIGHT.bob));
  t.false(JSON.stringify(jobs).includes('guess'));
});

test('The bus away: decided all the same, and events and jobs come when it is back, after a restart too.', async (t) => {
  await using world = await embeddedWorld();
  const jobs = await jobsOf(world);
  const told: (string | null)[] = [];
  {
    await using auth = await startAuth(world, { config: open() });
    auth.outages.bus = true;
    for (const [password, status] of [
      [RIGHT.bob, 200],
      ['x', 403],
    ] as const) {
      const answer = await login(auth, password);
      t.is(answer.status, status);
      told.push(answer.headers.get('x-nauthilus-session'));
    }
    t.is(auth.decided.length, 0);
  }
  await using auth = await startAuth(world, { config: open() });
  await until(() => auth.decided.length === 2 && jobs.length === 4);
  t.deepEqual(auth.decided.map(({ decision }) => decision).sort(), told.sort());
  t.is(new Set(jobs.map(({ id }) => id)).size, 4);
});

test('The store away: by the fail policy, and event and jobs go straight to the bus before the answer.', async (t) => {
  await using world = await embeddedWorld();
  const jobs = await jobsOf(world);
  await using auth = await startAuth(world, { config: open() });
  auth.outages.store = true;
  const right = await login(auth, RIGHT.bob);
  t.is(right.status, 200);
  const event = await auth.event(right.headers.get('x-nauthilus-session'));
  t.deepEqual(
    event.stages.map(({ stage, outcome }) => `${stage} ${outcome}`),
    ['brute-force error', 'backend match'],
  );
  t.is((await login(auth, 'x')).status, 403);
  await until(() => jobs.length === 4 && auth.decided.length === 2);
  t.true(auth.lines.some((line) => line.includes('could not be counted')));
});

test('Both away: a temporary failure where decisions must be kept, the answer where they needn’t.', async (t) => {
  for (const [durability, right, wrong] of [
    ['strict', 500, 500],
    ['best-effort', 200, 403],
  ] as const) {
    await using world = await embeddedWorld();
    const config = { ...open(), decisions: { durability } };
    await using auth = await startAuth(world, { config });
    Object.assign(auth.outages, { store: true, bus: true });
    t.is((await login(auth, RIGHT.bob)).status, right, durability);
    t.is((await login(auth, 'x')).status, wrong, durability);
    t.true(auth.lines.some((line) => line.includes('kept nowhere')));
    Object.assign(auth.outages, { store: false, bus: false });
    t.is((await login(auth, RIGHT.bob)).status, 200, 'as soon as they are back');
  }
});

test('It starts while store and bus are away, and decides as soon as one of them is there.', async (t) => {
  await using world = await embeddedWorld();
  const away = { store: true, bus: true };
  await using auth = await startAuth(world, { config: open(), away });
  t.is((await login(auth, RIGHT.bob)).status, 500);
  auth.outages.bus = false;
  t.is((await login(auth, RIGHT.bob)).status, 200);
  Object.assign(auth.outages, { store: false, bus: true });
  t.is((await login(auth, RIGHT.bob)).status, 200);
  auth.outages.bus = false;
  await until(() => auth.decided.length === 2);
});

test('No answer leaves before its decision is kept.', async (t) => {
  await using world = await embeddedWorld();
  const held = Promise.withResolvers<void>();
  const space = world.store.space('auth');
  let committing = 0;
  const slow: typeof space = {
    ...{ name: space.name, outbox: space.outbox },
    get: space.get.bind(space),
    counters: space.counters.bind(space),
    range: space.range.bind(space),
    hit: space.hit.bind(space),
    lease: space.lease.bind(space),
    async commit(changes, signal) {
      committing += 1;
      await held.promise;
      return await space.commit(changes, signal);
    },
  };
  await using auth = await startAuth(world, { ports: { space: slow } });
  let answered = false;
  const asked = login(auth, RIGHT.bob).then((answer) => {
    answered = true;
    return answer;
  });
  await until(() => committing === 1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.false(answered);
  held.resolve();
  t.is((await asked).status, 200);
});

test('A store that takes too long to keep a decision is given up for the bus, and both copies are one.', async (t) => {
  await using world = await embeddedWorld();
  const space = world.store.space('auth');
  const stalls: Promise<unknown>[] = [];
  const stalling: typeof space = {
    ...{ name: space.name, outbox: space.outbox },
    get: space.get.bind(space),
    counters: space.counters.bind(space),
    range: space.range.bind(space),
    hit: space.hit.bind(space),
    lease: space.lease.bind(space),
    commit(changes) {
      // Done, but nobody hears of it.
      stalls.push(space.commit(changes));
      return new Promise(() => {});
    },
  };
  const config = { ...actions, decisions: { timeout: '2s' } };
  const jobs = await jobsOf(world);
  await using auth = await startAuth(world, { config, ports: { space: stalling } });
  const { status, headers } = await login(auth, RIGHT.bob);
  t.is(status, 200);
  await Promise.all(stalls);
  const relay = (await world.connect('control')).events;
  const seen: string[] = [];
  await using _ = await relay.subscribe(authDecided, { from: 'all' }, ({ id }) => {
    seen.push(id);
  });
  await until(async () => (await space.outbox.claim({ limit: 1, claimMs: 1 })) === undefined);
  await until(() => seen.length > 0 && jobs.length >= 2);
  t.deepEqual(seen, [headers.get('x-nauthilus-session')]);
  t.is(jobs.length, 2);
});

test('Personal fields of events are treated as the policy says; jobs have them as they are.', async (t) => {
  await using world = await embeddedWorld();
  const jobs = await jobsOf(world);
  const privacy: PrivacyPolicy = {
    treatments: {
      account: 'hash',
      address: 'prefix',
      device: 'hash',
      person: 'hash',
      'user-agent': 'clear',
    },
    keyedHash: (text: string) => `h(${text.length})`,
  };
  await using auth = await startAuth(world, { config: actions, ports: { privacy } });
  const { decision } = await auth.ask({ login: 'bob', clear: RIGHT.bob });
  const event = await auth.event(decision);
  t.like(event, { login: 'hk1.h(11)', client: { address: '192.0.2.0/24' } });
  t.regex(event.account ?? '', /^hk1\./);
  await until(() => jobs.length === 2);
  t.like(jobs[0]?.data, { account: 'bob@example.com', request: { login: 'bob' } });
});

test('Stopping answers what is in flight first, and then nobody.', async (t) => {
  await using world = await embeddedWorld();
  const gate = Promise.withResolvers<void>();
  let looking = 0;
  const features = [
    {
      name: 'gate',
      onFailure: 'closed' as const,
      async look() {
        looking += 1;
        await gate.promise;
        return { outcome: 'pass' as const };
      },
    },
  ];
  await using auth = await startAuth(world, { ports: { stages: { features } } });
  const asked = [auth.ask({ clear: RIGHT.alice }), auth.ask({ clear: 'x' })];
  const posted = login(auth, RIGHT.bob);
  await until(() => looking === 3);
  const { url } = auth.auth;
  const drained = auth.auth.drain?.(AbortSignal.timeout(10_000));
  gate.resolve();
  t.deepEqual(
    (await Promise.all(asked)).map(({ verdict }) => verdict),
    ['accept', 'reject'],
  );
  t.is((await posted).status, 200);
  await drained;
  await t.throwsAsync(auth.ask({ clear: RIGHT.alice }));
  await t.throwsAsync(fetch(`${url}/livez`));
});
