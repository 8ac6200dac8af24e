// The process of `warden.ts`. Its standard input ends when the cluster's own process is gone, however it went.
import { endStarted } from './running.ts';

const file = process.argv[2] as string;
process.stdin.on('error', () => {});
process.stdin.once('close', async () => {
  await endStarted(file);
});
process.stdin.resume();
