import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { noted } from '@sallyport/bus/conformance';
import { openLocalBus } from '@sallyport/bus/local';
import { defineJob } from '@sallyport/contracts';
import { randomIds, systemClock } from '@sallyport/runtime';
import test from 'ava';
import { deep } from '../world/deep.ts';
import { startProgram, tempDir } from '../world/program.ts';
import { until } from '../world/until.ts';

const SCRIPT = fileURLToPath(new URL('./local-crash-process.ts', import.meta.url));
const chore = defineJob({ ...noted, type: 'trial.chore', data: noted.schema });

test('nothing that was acknowledged is lost when the process is killed in the middle of a storm', async (t) => {
  await using dir = await tempDir();
  const path = join(dir.path, 'bus.db');
  const said = new Map<string, Set<string>>(
    ['job', 'event', 'done'].map((kind) => [kind, new Set()]),
  );
  const rounds = deep ? 20 : 3;
  for (let round = 1; round <= rounds; round += 1) {
    await using program = startProgram(process.execPath, [SCRIPT, path, String(round)]);
    const count = () => program.output().split('\nevent ').length;
    await until(() => {
      if (program.child.exitCode !== null) throw new Error(program.output());
      return count() > 40 * round;
    }, 'the storm rages');
    await program.stop('SIGKILL');
    // The last line may be cut off; it was written before its write returned, so only a whole one counts.
    for (const line of program.output().split('\n').slice(0, -1)) {
      const [kind = '', id = ''] = line.split(' ');
      said.get(kind)?.add(id);
    }
  }
  const [jobs, events, done] = ['job', 'event', 'done'].map((kind) => said.get(kind)) as [
    Set<string>,
    Set<string>,
    Set<string>,
  ];
  t.true(jobs.size > 100 && events.size > 100);

  await using bus = await openLocalBus({
    ...{ path, clock: systemClock, ids: randomIds(systemClock) },
    ...{ source: '/after', instance: 'after' },
  });
  const [seen, redelivered] = [new Set<string>(), new Set<string>()];
  await bus.events.subscribe(noted, { from: 'all' }, ({ id }) => void seen.add(id));
  await bus.jobs.work(chore, { concurrency: 50 }, ({ id }, context) => {
    done.add(id);
    if (context.redelivered) redelivered.add(id);
  });
  await until(() => [...events].every((id) => seen.has(id)), 'every acknowledged event is there');
  await until(() => [...jobs].every((id) => done.has(id)), 'every acknowledged job was done');
  t.true(redelivered.size > 0, 'what a killed worker had in its hands comes again');
});
