// The process of `warden.ts`. Its standard input ends when the cluster's own process is gone, however it went.
import { readFileSync } from 'node:fs';
import { endStarted } from './running.ts';

/** Handed over open: whoever kills the cluster may remove its directory at once. */
const PROGRAMS = 3;
process.stdin.on('error', () => {});
process.stdin.once('close', async () => {
  await endStarted(readFileSync(PROGRAMS, 'utf8'));
});
process.stdin.resume();
