import { open, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { InUseError } from '@sallyport/runtime';
import { bornAt } from './running.ts';

/**
 * Takes a data directory for this process: `InUseError` while another process that lives has it. What a killed one left is
 * taken over.
 */
export async function claimDirectory(data: string): Promise<AsyncDisposable> {
  const path = join(data, 'pid');
  for (let tries = 0; ; tries += 1) {
    try {
      await using file = await open(path, 'wx', 0o600);
      await file.writeFile(`${process.pid} ${bornAt(process.pid)}\n`);
      return { [Symbol.asyncDispose]: () => unlink(path) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries === 3) throw error;
    }
    const [pid = '', born] = (await readFile(path, 'utf8').catch(() => '')).trim().split(' ');
    if (Number(pid) > 0 && bornAt(Number(pid)) === born) {
      throw new InUseError(`data directory ${data} is used by process ${pid}`);
    }
    await unlink(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
}
