import { deep } from '../world/deep.ts';
import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import { startCluster } from './cluster-world.ts';
import { EDGE_NAMES, fault, openSite } from './load-site.ts';

const test = testWith('nats-server', 'redis-server');

const GRACE_MS = 30_000;
/** Between two visits, and what a read of the store that fails may take. */
const STEP_MS = 3000;

// An outage of half a minute: not for every run.
(deep ? test : test.skip)(
  'a warm session is served for half a minute without store and bus, then 503, and goes on when they are back',
  async (t) => {
    const { signal } = new AbortController();
    await using world = await startCluster();
    const { cluster, visit } = world;
    using site = await openSite(world);
    const show = (edge: (typeof EDGE_NAMES)[number]) =>
      visit(edge, { path: '/private', headers: site.warm });
    const brokers = [cluster.broker('nats'), cluster.broker('redis')];
    await Promise.all(brokers.map((broker) => broker.stop('SIGKILL')));
    const down = performance.now();
    await Promise.all(
      EDGE_NAMES.map(async (edge) => {
        const refused = await until(
          async () => {
            const seen = await show(edge);
            if (seen.status === 503) return seen;
            t.is(fault(seen, 200, /known as +alice/), undefined);
            return false;
          },
          `${edge} can't tell any more`,
          GRACE_MS + 2 * STEP_MS,
        );
        const after = performance.now() - down;
        t.true(after > GRACE_MS - STEP_MS, `${edge}: 503 after ${after} ms`);
        t.regex(String(refused.headers['retry-after']), /^[1-9]\d*$/);
        t.is(refused.headers['set-cookie'], undefined);
        t.log(`${edge}: served for ${Math.round(after)} ms`);
      }),
    );
    await Promise.all(brokers.map((broker) => broker.start(signal)));
    const back = performance.now();
    for (const edge of EDGE_NAMES) {
      await until(async () => (await show(edge)).status === 200, `${edge} knows the session again`);
    }
    t.log(`known again after ${Math.round(performance.now() - back)} ms`);
  },
);
