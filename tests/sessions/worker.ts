import { writeSync } from 'node:fs';
import { joinBrokers, startSessions } from './sessions-world.ts';

/** An instance of its own process, until it is killed. */
const [redisPort = '', natsUrl = ''] = process.argv.slice(2);
const world = await joinBrokers({ redisPort: Number(redisPort), natsUrl });
await startSessions(world);
writeSync(1, 'ready\n');
// Subscriptions don't keep the process alive by contract.
setInterval(() => {}, 60_000);
