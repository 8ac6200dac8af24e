import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A program started for a test: gone when the test ends. */
export interface Program extends AsyncDisposable {
  readonly pid: number;
  readonly child: ChildProcess;
  /** What it printed so far, both streams. */
  output(): string;
  /** Sends the signal and waits for the end. Does nothing when it has ended already. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts `command` and collects its output. */
export function startProgram(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Program {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  // Without a listener a failed spawn would end the test process; `stop` still sees it.
  exited.catch(() => {});
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  const stop = async (signal: NodeJS.Signals = 'SIGKILL') => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      child.kill(signal);
      await exited;
    }
  };
  return {
    pid: child.pid ?? -1,
    child,
    output: () => text,
    stop,
    [Symbol.asyncDispose]: () => stop(),
  };
}

/** A directory of the test's own; removed when disposed. */
export async function tempDir(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'sallyport-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A TCP port of the loopback address that was free a moment ago. For programs that can't take port 0. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
