import { writeSync } from 'node:fs';
import { openBus, startActions } from './actions-world.ts';

/** An instance of its own process, until it is killed. */
const [natsUrl = '', url = ''] = process.argv.slice(2);
const bus = await openBus(natsUrl);
const jobs: typeof bus.jobs = {
  ...bus.jobs,
  // What a dead worker had is given to others after this time.
  work: (job, options, handler) => bus.jobs.work(job, { ...options, ackWaitMs: 2_000 }, handler),
};
await startActions(
  { jobs },
  {
    concurrency: 1,
    backoff: { first: '50ms', most: '100ms' },
    list: [{ name: 'hook', kind: 'webhook', url, allow_private: true }],
  },
);
writeSync(1, 'ready\n');
setInterval(() => {}, 60_000);
