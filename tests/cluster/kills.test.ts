import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import { startCluster } from './cluster-world.ts';
import { Load } from './load.ts';
import { eventsWith } from './load-events.ts';
import { startHook } from './load-hook.ts';
import { Logins } from './load-logins.ts';
import { EDGE_NAMES, fault, openSite } from './load-site.ts';

const test = testWith('nats-server', 'redis-server');

/** One that is killed in mid-work leaves its job for longer than the others take: it comes first. */
const VICTIMS = ['actions', 'control', 'sessions', 'certs', 'auth'] as const;
/** What no worker is needed for. */
const FREE = ['public', 'warm session', 'key', 'known certificate'] as const;
/** Of each kind, sent and answered while a worker is dead. */
const ENOUGH = 4;

test('a worker that is killed is missed only by those who need it, and nothing that was accepted is lost', async (t) => {
  const { signal } = new AbortController();
  await using hook = await startHook();
  const url = { url: hook.url, allow_private: true };
  await using world = await startCluster({
    settings: {
      auth: { post_actions: ['note', 'hook'] },
      actions: {
        // So that a death leaves one job at most.
        concurrency: 1,
        list: [
          { kind: 'log', name: 'note' },
          { kind: 'webhook', name: 'hook', ...url },
        ],
      },
    },
  });
  const { cluster, visit } = world;
  using site = await openSite(world);
  const { agent, fingerprint } = site;
  const logins = new Logins(world);
  const edgeOf = (n: number) => EDGE_NAMES[n % 2] as (typeof EDGE_NAMES)[number];
  let withoutCookie = 0;
  await using load = new Load({
    public: { everyMs: 100, once: async (n) => fault(await visit(edgeOf(n), { agent })) },
    'warm session': {
      everyMs: 100,
      async once(n) {
        const headers = site.warm;
        const seen = await visit(edgeOf(n), { path: '/private', headers, agent });
        return fault(seen, 200, /known as +alice/);
      },
    },
    key: {
      everyMs: 250,
      async once(n) {
        return fault(await site.byKey(edgeOf(n)), 200, /known as +carol/);
      },
    },
    'known certificate': {
      everyMs: 250,
      async once(n) {
        const seen = await visit(edgeOf(n));
        return seen.fingerprint === fingerprint ? fault(seen) : `shown ${seen.fingerprint}`;
      },
    },
    login: {
      everyMs: 400,
      async once() {
        const status = await logins.door();
        return status === 200 ? undefined : String(status);
      },
    },
    'login at an edge': {
      everyMs: 450,
      async once(n) {
        const seen = await logins.edge(visit, edgeOf(n));
        if (seen.status === 200 && seen.cookie === undefined) withoutCookie += 1;
        return fault(seen, 200, /known as +alice/);
      },
    },
  });
  const logging = ['login', 'login at an edge'] as const;
  const all = [...FREE, ...logging];
  await until(() => all.every((flow) => load.answered(flow) > 1), 'the load is under way', 30_000);

  const loginFaults: string[] = [];
  for (const victim of VICTIMS) {
    if (victim === 'actions') {
      hook.hold();
      await until(() => hook.atWork > 0, 'an action is at work');
    }
    const from = performance.now();
    const cookieless = withoutCookie;
    await cluster.node(victim).stop('SIGKILL');
    const dead = performance.now();
    hook.release();
    const unharmed = victim === 'auth' ? FREE : all;
    await until(
      () => unharmed.every((flow) => load.answered(flow, dead) >= ENOUGH),
      `${victim} is dead, and ${unharmed.join(', ')} are answered`,
      30_000,
    );
    if (victim === 'sessions') {
      t.true(withoutCookie - cookieless >= ENOUGH, 'logins are served without a cookie');
    } else if (victim !== 'auth') t.is(withoutCookie, cookieless, victim);
    await cluster.node(victim).start(signal);
    const back = performance.now();
    await until(
      () => all.every((flow) => load.answered(flow, back) >= 2),
      `${victim} is back, and everything is answered`,
      30_000,
    );
    const faults = logging.flatMap((flow) => load.faults(flow, from));
    if (victim !== 'auth') t.deepEqual(faults, [], `logins while ${victim} was dead`);
    loginFaults.push(...faults);
    t.log(`${victim}: dead for ${Math.round(back - dead)} ms; ${faults.length} logins failed`);
  }
  await load.stop();

  for (const flow of FREE) {
    t.deepEqual(load.faults(flow), [], flow);
    const { count, median, most } = load.times(flow);
    t.log(`${flow}: ${count} requests, median ${median} ms, longest ${most} ms`);
  }
  t.true(loginFaults.length > 0, 'logins need auth');
  t.deepEqual(
    loginFaults.filter((each) => !/ms: (500|503|ECONN\w+|fetch failed)\b/.test(each)),
    [],
    'nobody is refused who should be let in',
  );
  const accepted = [...logins.atDoor.keys()];
  const told = await eventsWith(world, logins);
  t.deepEqual(told.missing, [], `events of ${accepted.length} + ${logins.atEdge.size} logins`);
  t.deepEqual(told.gaps, [], `gaps in ${told.events.length} events`);

  // Also those of decisions that nobody was told of any more.
  const decided = [...told.decisions.keys()];
  await until(() => decided.every((id) => hook.keys.has(id)), 'all jobs are done', 60_000);
  await until(
    () => hook.posts > hook.keys.size,
    'the job that was at work at the death is done again',
    60_000,
  );
  t.deepEqual(
    decided.filter((id) => new Set(hook.keys.get(id)).size !== 1),
    [],
    'one key for each job, however often it comes',
  );
  t.true(hook.duplicates <= VICTIMS.length, `${hook.duplicates} duplicates`);
  const lines = await world.log('actions');
  t.deepEqual(
    accepted.filter((id) => !lines.includes(id)),
    [],
    'jobs that write a line',
  );
  t.log(`${decided.length} decisions, ${hook.duplicates} of their webhooks posted again`);
});
