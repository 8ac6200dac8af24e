import { join } from 'node:path';
import { testWith } from '../world/needs.ts';
import { startProgram } from '../world/program.ts';
import { until } from '../world/until.ts';
import { type EdgeName, startCluster } from './cluster-world.ts';

const test = testWith('nats-server', 'redis-server', 'python3');
const program = new URL('../../infra/examples/analytics/subscriber.py', import.meta.url).pathname;

test("an analyst's subscriber, which knows only the AsyncAPI document, receives every handshake and decision of a cluster", async (t) => {
  await using world = await startCluster();
  const { natsPort, passwords } = world.cluster.brokers;
  const env = { ...process.env, NATS_PASSWORD: passwords.analyst, PYTHONDONTWRITEBYTECODE: '1' };
  const visits = 40;
  const failed = 4;
  const expected = visits + failed + visits / 4;
  await using python = startProgram(
    'python3',
    [
      ...[program, '--nats', `nats://127.0.0.1:${natsPort}`, '--user', 'analyst', '--json'],
      ...['--count', String(expected), '--seconds', '60'],
    ],
    { cwd: join(world.data), env },
  );
  await until(() => python.output().includes('listening to'), 'the subscriber listens');
  const edges: readonly EdgeName[] = ['edge-a', 'edge-b'];
  const logins = Array.from({ length: visits }, (_, i) => {
    const login = { path: '/private', headers: { authorization: world.basic } };
    const wrong = { path: '/private', headers: { authorization: `Basic ${btoa('alice:wrong')}` } };
    return world.visit(edges[i % 2] as EdgeName, i % 8 === 0 ? login : i % 8 === 4 ? wrong : {});
  });
  const answers = await Promise.all(logins);
  const strays = Array.from({ length: failed }, (_, i) =>
    fetch(`http://${world.cluster.edges[edges[i % 2] as EdgeName]}:${world.cluster.httpsPort}`),
  );
  for (const { status } of await Promise.allSettled(strays)) t.is(status, 'rejected');
  const statuses = Object.groupBy(answers, ({ status }) => status);
  t.is(statuses[200]?.length, visits - visits / 8);
  t.is(statuses[401]?.length, visits / 8);
  await until(() => python.child.exitCode !== null, 'it has them all', 65_000);
  const line = python
    .output()
    .trim()
    .split('\n')
    .findLast((each) => each.startsWith('{'));
  const summary = JSON.parse(line ?? '{}');
  t.is(python.child.exitCode, 0, python.output());
  t.like(summary, {
    ...{ events: expected, duplicates: 0, droppedOnPurpose: 0 },
    verdicts: { accept: visits / 8, reject: visits / 8 },
  });
  t.deepEqual([summary.gaps, summary.faults], [[], []]);
  const told = Object.values(summary.handshakes as Record<string, number>);
  t.is(
    told.reduce((sum, count) => sum + count, 0),
    visits,
  );
  // Both edges' handshakes, both edges' failures, and auth's decisions.
  t.true(summary.lanes >= 5, `${summary.lanes} lanes`);
});
