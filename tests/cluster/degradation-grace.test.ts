import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import { startCluster } from './cluster-world.ts';
import { EDGE_NAMES, fault, openSite } from './load-site.ts';

const test = testWith('nats-server', 'redis-server');

/** 30 s unless it is said. */
const GRACE_MS = 5000;
/** Between two visits, a read of the store that fails (2 s), and what a busy machine adds. */
const SLACK_MS = 4000;
const OUTAGES = [['redis'], ['nats', 'redis']] as const;

test('a warm session is served for outage_grace without the store, with the bus or without, then 503, and goes on afterwards', async (t) => {
  const { signal } = new AbortController();
  await using world = await startCluster({
    settings: { edge: { sessions: { outage_grace: `${GRACE_MS}ms` } } },
  });
  const { cluster, visit } = world;
  using site = await openSite(world);
  const show = (edge: (typeof EDGE_NAMES)[number]) =>
    visit(edge, { path: '/private', headers: site.warm });
  for (const away of OUTAGES) {
    const title = `without ${away.join(' and ')}`;
    for (const edge of EDGE_NAMES) t.is((await show(edge)).status, 200);
    await Promise.all(away.map((broker) => cluster.broker(broker).stop('SIGKILL')));
    const down = performance.now();
    await Promise.all(
      EDGE_NAMES.map(async (edge) => {
        const refused = await until(
          async () => {
            const seen = await show(edge);
            if (seen.status === 503) return seen;
            t.is(fault(seen, 200, /known as +alice/), undefined, title);
            return false;
          },
          `${title}: ${edge} can't tell any more`,
          GRACE_MS + SLACK_MS,
        );
        const after = performance.now() - down;
        t.true(after > GRACE_MS / 2, `${title}: ${edge}: 503 after ${after} ms`);
        t.regex(String(refused.headers['retry-after']), /^[1-9]\d*$/);
        t.is(refused.headers['set-cookie'], undefined);
        t.log(`${title}: ${edge}: served for ${Math.round(after)} ms, then 503`);
      }),
    );
    await Promise.all(away.map((broker) => cluster.broker(broker).start(signal)));
    const back = performance.now();
    for (const edge of EDGE_NAMES) {
      await until(
        async () => (await show(edge)).status === 200,
        `${title}: ${edge} knows the session again`,
      );
    }
    t.log(`after it: known again within ${Math.round(performance.now() - back)} ms`);
  }
});
