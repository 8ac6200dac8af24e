import { NODES } from '../../infra/cli/src/cluster/services.ts';
import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import { startCluster } from './cluster-world.ts';
import { degradationRows, type Left, type Row, shakeHands } from './degradation-rows.ts';
import { Load } from './load.ts';
import { eventsWith } from './load-events.ts';
import { Logins } from './load-logins.ts';
import { EDGE_NAMES, fault, openSite } from './load-site.ts';

const test = testWith('nats-server', 'redis-server');

const SERVED = /^200, no cookie$/;
const LATER = /^503, Retry-After [1-9]\d*$/;
const KNOWN = /^200, its own$/;

/**
 * The columns of DESIGN 3 "Degradation", but two rows that are the same in all: a warm session is served, a new name gets the
 * fallback at the deadline. The brute-force stage of auth is open here, so that a login goes on without the store.
 */
const OUTAGES: readonly {
  readonly away: readonly ('nats' | 'redis')[];
  readonly expected: Readonly<Record<Row, RegExp>>;
}[] = [
  {
    away: ['nats'],
    expected: {
      'cold session': SERVED,
      'login by a local credential': SERVED,
      'pipeline-auth at the edge': LATER,
      "auth's own door": /^200$/,
      'known certificate': KNOWN,
      'entity change': /^201$/,
    },
  },
  {
    away: ['redis'],
    expected: {
      'cold session': LATER,
      'login by a local credential': SERVED,
      'pipeline-auth at the edge': SERVED,
      "auth's own door": /^200$/,
      'known certificate': KNOWN,
      'entity change': LATER,
    },
  },
  {
    away: ['nats', 'redis'],
    expected: {
      'cold session': LATER,
      'login by a local credential': SERVED,
      'pipeline-auth at the edge': LATER,
      "auth's own door": /^500$/,
      'known certificate': KNOWN,
      'entity change': LATER,
    },
  },
];

const OUTAGE_MS = 5000;
/** What the front gives to a certificate, less what may be left of it when nobody can be asked; a busy machine adds. */
const DEADLINE_MS = { least: 7000, most: 11_000 };

test('without bus, store or both, each request gets what is promised for it, and all is well again when they are back', async (t) => {
  const { signal } = new AbortController();
  await using world = await startCluster({
    settings: { auth: { brute_force: { on_failure: 'open' }, post_actions: ['note'] } },
  });
  const { cluster, visit } = world;
  using site = await openSite(world);
  const { agent } = site;
  const logins = new Logins(world);
  const left: Left = { cookies: [], keys: [] };
  const rows = degradationRows(world, site, logins, left);
  const others = NODES.filter((node) => node !== 'auth');
  const pids = others.map((node) => cluster.node(node).pid);
  await using load = new Load({
    'warm session': {
      everyMs: 100,
      async once(n) {
        const edge = EDGE_NAMES[n % 2] ?? 'edge-a';
        const seen = await visit(edge, { path: '/private', headers: site.warm, agent });
        return fault(seen, 200, /known as +alice/);
      },
    },
    public: {
      everyMs: 250,
      once: async (n) => fault(await visit(EDGE_NAMES[n % 2] ?? 'edge-a', { agent })),
    },
  });

  for (const { away, expected } of OUTAGES) {
    const title = `without ${away.join(' and ')}`;
    await site.refill(2 * EDGE_NAMES.length);
    await Promise.all(away.map((broker) => cluster.broker(broker).stop('SIGKILL')));
    const down = performance.now();
    const newName = (edge: string) => `new-${away.join('-')}-${edge}.example`;
    const hands = Promise.all(EDGE_NAMES.map((edge) => shakeHands(world, edge, newName(edge))));
    const seen: { row: Row; edge: string; when: string; said: string; ms: number }[] = [];
    for (const when of ['at once', 'later']) {
      if (when === 'later') await until(() => performance.now() - down >= OUTAGE_MS);
      await Promise.all(
        (Object.keys(rows) as Row[]).flatMap((row) =>
          EDGE_NAMES.map(async (edge) => {
            const began = performance.now();
            const said = await rows[row](edge);
            seen.push({ row, edge, when, said, ms: Math.round(performance.now() - began) });
          }),
        ),
      );
    }
    const shaken = await hands;
    const took = Math.round(performance.now() - down);
    const warm = load.answered('warm session', down);
    // Accepted, and only in its outbox: another life of it has to tell.
    if (title === 'without nats') await cluster.node('auth').stop('SIGKILL');
    await Promise.all(away.map((broker) => cluster.broker(broker).start(signal)));
    const back = performance.now();
    await cluster.node('auth').start(signal);

    for (const [row, promised] of Object.entries(expected) as [Row, RegExp][]) {
      const of = seen.filter((each) => each.row === row);
      const surprises = of.filter(({ said }) => !promised.test(said));
      t.deepEqual(surprises, [], `${title}: ${row}`);
      const times = of.map(({ when, said, ms }) => `${said} (${when}, ${ms} ms)`);
      t.log(`${title}: ${row}: ${[...new Set(times)].join('; ')}`);
    }
    for (const { shown, ms } of shaken) {
      const inTime = ms >= DEADLINE_MS.least && ms <= DEADLINE_MS.most;
      t.true(shown === 'fallback' && inTime, `${title}: new name: ${shown} after ${ms} ms`);
      t.log(`${title}: new name: ${shown} after ${Math.round(ms)} ms`);
    }
    t.true(warm > OUTAGE_MS / 200, `${title}: ${warm} visits of a warm session`);
    t.log(`${title}, for ${took} ms: warm session: 200, ${warm} times`);

    const well: [what: string, ok: (edge: (typeof EDGE_NAMES)[number]) => Promise<boolean>][] = [
      [
        'a login gets a session',
        async (edge) => (await logins.edge(visit, edge)).cookie !== undefined,
      ],
      [
        'a new name gets its certificate',
        async (edge) => (await shakeHands(world, edge, newName(edge))).shown === 'its own',
      ],
      [
        'entities can be written',
        async (edge) => (await rows['entity change'](edge)).startsWith('201'),
      ],
      ["auth's own door lets in", async () => (await logins.door()) === 200],
    ];
    for (const [what, ok] of well) {
      await Promise.all(
        EDGE_NAMES.map((edge) => until(() => ok(edge), `${title}: ${what}`, 20_000)),
      );
      t.log(`after it: ${what} within ${Math.round(performance.now() - back)} ms`);
    }
    for (const edge of EDGE_NAMES) {
      for (const cookie of left.cookies) {
        const again = await visit(edge, { path: '/private', headers: { cookie } });
        t.is(fault(again, 200, /known as +alice/), undefined, `${title}: not logged out`);
      }
      for (const apikey of left.keys) {
        const byKey = () => visit(edge, { path: '/keyed', headers: { apikey }, agent });
        await until(async () => (await byKey()).status === 200, `${title}: ${edge} has a new key`);
      }
    }
    t.log(`after it: edges have all keys within ${Math.round(performance.now() - back)} ms`);
  }
  await load.stop();

  for (const flow of ['warm session', 'public'] as const) {
    t.deepEqual(load.faults(flow), [], flow);
    const { count, median, most } = load.times(flow);
    t.log(`${flow}: ${count} requests, median ${median} ms, longest ${most} ms`);
  }
  t.deepEqual(
    others.map((node) => cluster.node(node).pid),
    pids,
  );
  for (const node of NODES) t.true(cluster.node(node).running, node);
  const told = await eventsWith(world, logins);
  t.deepEqual(told.missing, [], `events of ${logins.atDoor.size} + ${logins.atEdge.size} logins`);
  t.deepEqual(
    told.gaps.filter(({ reason }) => reason === undefined),
    [],
    `gaps in ${told.events.length} events`,
  );
  const decided = [...told.decisions.keys()];
  await until(async () => {
    const lines = await world.log('actions');
    return decided.every((id) => lines.includes(id));
  }, 'the action of every decision has run');
  t.log(
    `${told.events.length} events, ${told.gaps.length} gaps on purpose, ${told.duplicates} duplicates; ${decided.length} decisions, all with their action`,
  );
});
