import { fileURLToPath } from 'node:url';
import { actionsRun } from '@sallyport/contracts';
import { startNats } from '../world/nats.ts';
import { testWith } from '../world/needs.ts';
import { startProgram } from '../world/program.ts';
import { until } from '../world/until.ts';
import { JOB, letters, openBus, startReceiver } from './actions-world.ts';

const test = testWith('nats-server');
const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));
const JOBS = 120;

test('Workers that are killed in the middle lose no job, and repeat no more than the one each was at, under the same key.', async (t) => {
  await using nats = await startNats();
  await using bus = await openBus(nats.url);
  const { promise: open, resolve: opened } = Promise.withResolvers<void>();
  const seen = new Map<string, number>();
  await using receiver = await startReceiver((_n, { headers }) => {
    const key = String(headers['idempotency-key']);
    seen.set(key, (seen.get(key) ?? 0) + 1);
    return { status: 200 };
  });
  const start = async () => {
    const program = startProgram(process.execPath, [WORKER, nats.url, receiver.url]);
    await until(
      () => program.output().includes('ready') || program.child.exitCode !== null,
      'it is up',
      30_000,
    );
    if (program.child.exitCode !== null) throw new Error(program.output());
    return program;
  };
  await using first = await start();
  await using second = await start();
  const ids: string[] = [];
  const feeding = (async () => {
    for (let i = 0; i < JOBS; i += 1) {
      const { id } = await bus.jobs.enqueue(actionsRun, { ...JOB, decision: `d${i}` });
      ids.push(id);
      if (i === JOBS / 2) opened();
    }
  })();
  await until(() => seen.size > 10, 'they are at work', 30_000);
  await first.stop('SIGKILL');
  await open;
  await second.stop('SIGKILL');
  await feeding;
  await using _third = await start();
  await until(() => seen.size === JOBS, 'every job was done', 60_000);
  t.deepEqual([...seen.keys()].sort(), [...ids].sort());
  const repeated = [...seen.values()].filter((count) => count > 1);
  t.log(`${repeated.length} of ${JOBS} jobs were posted again after 2 kills with one at work each`);
  t.true(repeated.reduce((sum, count) => sum + count - 1, 0) <= 2);
  t.deepEqual(await letters(bus), []);
});
