import { EDGES, NODES } from '../../infra/cli/src/cluster/services.ts';
import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import { type EdgeName, startCluster } from './cluster-world.ts';
import { Load } from './load.ts';
import { balance } from './load-balancer.ts';
import { eventsWith } from './load-events.ts';
import { Logins } from './load-logins.ts';
import { fault, openSite } from './load-site.ts';
import { listens, secondOf, startSlowUpstream } from './rolling-world.ts';

const test = testWith('nats-server', 'redis-server');

const FLOWS = [
  ...['public', 'warm session', 'key', 'known certificate', 'new name'],
  ...['login', 'login at an edge'],
] as const;

const BURST = 12;

test('every service is restarted, one process at a time, and no request fails', async (t) => {
  const { signal } = new AbortController();
  await using stack = new AsyncDisposableStack();
  const slow = stack.use(await startSlowUpstream());
  const world = stack.use(await startCluster({ settings: { edge: { drain: { delay: '1s' } } } }));
  const { cluster } = world;
  const seconds = await Promise.all(
    (['auth', 'sessions', 'certs'] as const).map((service) => secondOf(world, service)),
  );
  for (const { program } of seconds) stack.use(program);
  await Promise.all(seconds.map(({ program }) => program.start(signal)));
  const doors = [cluster.auth, seconds[0]?.door as string];
  const site = stack.use(await openSite(world));
  const service = await world.operator<{ id: string }>('PUT', '/services/slow', { url: slow.url });
  await world.operator('PUT', '/routes/slow', { paths: ['/slow'], service: { id: service.id } });

  const { agent, fingerprint, key } = site;
  const balancer = stack.use(balance(world));
  const { visit } = balancer;
  const logins = new Logins(world);
  const load = stack.use(
    new Load<(typeof FLOWS)[number]>({
      public: { everyMs: 100, once: async () => fault(await visit({ agent })) },
      'warm session': {
        everyMs: 100,
        async once() {
          const headers = site.warm;
          const seen = await visit({ path: '/private', headers, agent });
          return fault(seen, 200, /known as +alice/);
        },
      },
      key: {
        everyMs: 300,
        async once() {
          const seen = await visit({ path: '/keyed', headers: { apikey: key }, agent });
          if (seen.cookie === undefined) return 'no cookie';
          return fault(seen, 200, /known as +carol/);
        },
      },
      'known certificate': {
        everyMs: 250,
        async once() {
          const seen = await visit();
          return seen.fingerprint === fingerprint ? fault(seen) : `shown ${seen.fingerprint}`;
        },
      },
      'new name': {
        everyMs: 1500,
        once: async (n) => fault(await visit({ name: `new-${n}.example` })),
      },
      login: {
        everyMs: 500,
        async once(n) {
          const order = [doors[n % 2], doors[(n + 1) % 2]] as [string, string];
          const status = await logins.door(order[0]).catch((error: Error) => {
            if ((error.cause as NodeJS.ErrnoException)?.code !== 'ECONNREFUSED') throw error;
            return logins.door(order[1]);
          });
          return status === 200 ? undefined : String(status);
        },
      },
      'login at an edge': {
        everyMs: 500,
        async once() {
          const seen = await logins.edge((_edge, options) => visit(options), 'edge-a');
          return fault(seen, 200, /known as +alice/) ?? (seen.cookie ? undefined : 'no cookie');
        },
      },
    }),
  );
  const everyFlow = (since: number) => FLOWS.every((flow) => load.answered(flow, since) > 0);
  await until(() => everyFlow(0), 'the load is under way', 30_000);

  for (const node of NODES) {
    const began = performance.now();
    const program = cluster.node(node);
    const { pid } = program;
    if (node in EDGES) {
      const edge = node as EdgeName;
      const underWay = world.visit(edge, { path: '/slow' });
      await until(() => slow.waiting > 0, 'a slow request is under way');
      const stopped = program.stop('SIGTERM');
      await until(() => !balancer.isReady(edge), `${edge} says that it isn't ready`);
      t.true(await listens(EDGES[edge], cluster.httpsPort), 'readiness turns first');
      await until(
        async () => !(await listens(EDGES[edge], cluster.httpsPort)),
        `${edge} listens no more`,
      );
      t.true(program.running, 'a request is still under way');
      slow.release();
      const seen = await underWay;
      t.is(
        fault(seen, 200, /^first half, second half$/),
        undefined,
        'a request under way ends well',
      );
      await stopped;
    } else if (node === 'auth') {
      // More than it computes in one go, so that some wait in it when it is told to end.
      let first = false;
      const burst = Array.from({ length: BURST }, async (_, i) => {
        const status =
          i % 2 === 0
            ? await logins.door(cluster.auth)
            : (await logins.edge(world.visit, 'edge-a')).status;
        first = true;
        return status;
      });
      await until(() => first, 'the first of many logins is through');
      await program.stop('SIGTERM');
      t.deepEqual(await Promise.all(burst), Array(BURST).fill(200), 'logins under way end well');
    } else await program.stop('SIGTERM');
    const gone = performance.now();
    await program.start(signal);
    t.not(program.pid, pid);
    const back = performance.now();
    if (node in EDGES) await until(() => balancer.isReady(node as EdgeName), `${node} is back`);
    await until(() => everyFlow(back), `all is answered after ${node}`, 30_000);
    const [stopMs, startMs] = [Math.round(gone - began), Math.round(back - gone)];
    t.log(`${node}: ended in ${stopMs} ms, ready after ${startMs} ms`);
  }
  await load.stop();

  let total = 0;
  for (const flow of FLOWS) {
    t.deepEqual(load.faults(flow), [], flow);
    const { count, median, most } = load.times(flow);
    total += count;
    t.log(`${flow}: ${count} requests, median ${median} ms, longest ${most} ms`);
  }
  for (const node of NODES) {
    const log = await world.log(node);
    t.notRegex(log, /not drained before the deadline|failed while stopping/, node);
    t.regex(log, /"stopping"/, node);
  }
  const told = await eventsWith(world, logins);
  t.deepEqual(told.missing, [], `events of ${logins.atDoor.size} + ${logins.atEdge.size} logins`);
  t.deepEqual(told.gaps, [], `gaps in ${told.events.length} events`);
  t.log(`${total} requests, none failed; ${told.events.length} events, none missing`);
});
