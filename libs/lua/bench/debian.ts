import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Kernel } from './kernels.ts';

/** Milliseconds of CPU that Debian's lua5.1 takes for one call of the kernel, in a process of its own. */
export async function debianKernel(
  kernel: Kernel,
  roundMs: number,
  signal: AbortSignal,
): Promise<{ ms: number; check: number }> {
  const program = `${kernel.source}
    local check = kernel()
    local calls, limit = 0, ${roundMs / 1000}
    local start = os.clock()
    repeat kernel() calls = calls + 1 until os.clock() - start >= limit
    print(string.format("%.17g %.17g", (os.clock() - start) * 1000 / calls, check))`;
  const { stdout } = await promisify(execFile)('lua5.1', ['-e', program], { signal });
  const [ms, check] = stdout.trim().split(' ').map(Number);
  return { ms: ms ?? Number.NaN, check: check ?? Number.NaN };
}

/** What `lua5.1 -v` says; undefined where there is none. */
export async function debianVersion(): Promise<string | undefined> {
  try {
    const { stderr, stdout } = await promisify(execFile)('lua5.1', ['-v']);
    return (stderr + stdout).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
