// A process to be killed: moves money between accounts in the Redis at argv[2]:argv[3], argv[4] transfers at a time.
import { openRedisStore } from '@sallyport/store/redis';
import { transfers } from './bank.ts';

const [, , host = '', port = '', atOnce = ''] = process.argv;
const store = await openRedisStore({ mode: 'single', host, port: Number(port), prefix: 'sp' });
await transfers(store, Number(atOnce), (line) => void process.stdout.write(`${line}\n`));
