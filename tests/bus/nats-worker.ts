// A worker to be killed: takes one job and never ends it. Usage: nats-worker.ts <url>
import { openNatsBus } from '@sallyport/bus/nats';
import { randomIds, systemClock } from '@sallyport/runtime';
import { chore } from './trial-contracts.ts';

const bus = await openNatsBus({
  ...{ servers: process.argv[2] as string, service: 'doomed', source: '/doomed', instance: 'd' },
  ...{ clock: systemClock, ids: randomIds(systemClock) },
});
await bus.jobs.work(chore, { ackWaitMs: 600 }, async ({ data }) => {
  process.stdout.write(`took ${data.n}\n`);
  await new Promise(() => {});
});
process.stdout.write('ready\n');
