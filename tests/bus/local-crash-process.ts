import { writeSync } from 'node:fs';
import { noted } from '@sallyport/bus/conformance';
import { openLocalBus } from '@sallyport/bus/local';
import { defineJob } from '@sallyport/contracts';
import { randomIds, systemClock } from '@sallyport/runtime';

/** A process that stores as fast as it can and says what was acknowledged, until it is killed. */
const [path = '', round = ''] = process.argv.slice(2);
const say = (line: string) => writeSync(1, `${line}\n`);
const chore = defineJob({ ...noted, type: 'trial.chore', data: noted.schema });

const bus = await openLocalBus({
  ...{ path, clock: systemClock, ids: randomIds(systemClock) },
  ...{ source: '/crash', instance: `crash-${round}` },
});
await bus.jobs.work(chore, { concurrency: 4 }, async ({ id }) => {
  say(`done ${id}`);
  await systemClock.sleep(20);
});
const storm = async (worker: number) => {
  for (let n = 0; ; n += 1) {
    const id = `${round}-${worker}-${n}`;
    await bus.jobs.enqueue(chore, { n }, { id });
    say(`job ${id}`);
    await bus.events.record(noted, { n }, { id });
    say(`event ${id}`);
  }
};
await Promise.all([1, 2, 3, 4].map(storm));
