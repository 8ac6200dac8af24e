import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endStarted, noteStarted } from './running.ts';

const PROCESS = fileURLToPath(new URL('warden-process.ts', import.meta.url));

/** Sees to it that no program of a cluster outlives it. Disposed when all have ended. */
export interface Warden extends AsyncDisposable {
  /** To be called for each process, as soon as it is there. */
  started(name: string, pid: number): void;
}

/**
 * First ends what an earlier cluster of this directory has left; then starts a process that ends what this one leaves, should
 * it be killed. Whoever has claimed the directory may call it.
 */
export async function startWarden(data: string): Promise<Warden> {
  const file = join(data, 'programs');
  const left = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  await endStarted(left);
  await using list = await open(file, 'w+', 0o600);
  // Detached: what ends the cluster by its terminal must not end this one too.
  const child = spawn(process.execPath, [PROCESS], {
    ...{ detached: true, stdio: ['pipe', 'ignore', 'ignore', list.fd] },
  });
  await once(child, 'spawn');
  // It may have been killed: then there is nobody to tell.
  child.stdin?.on('error', () => {});
  const exit = once(child, 'exit');
  return {
    started: (name, pid) => noteStarted(file, name, pid),
    async [Symbol.asyncDispose]() {
      child.stdin?.end();
      await exit;
      await rm(file, { force: true });
    },
  };
}
