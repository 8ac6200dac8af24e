import { open, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { InUseError } from '@sallyport/runtime';

/**
 * Takes a data directory for this process: `InUseError` while another process that lives has it. What a killed one left is
 * taken over.
 */
export async function claimDirectory(data: string): Promise<AsyncDisposable> {
  const path = join(data, 'pid');
  for (let tries = 0; ; tries += 1) {
    try {
      await using file = await open(path, 'wx', 0o600);
      await file.writeFile(`${process.pid}\n`);
      return { [Symbol.asyncDispose]: () => unlink(path) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries === 3) throw error;
    }
    const pid = Number(await readFile(path, 'utf8').catch(() => ''));
    if (pid > 0 && lives(pid)) {
      throw new InUseError(`data directory ${data} is used by process ${pid}`);
    }
    await unlink(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
