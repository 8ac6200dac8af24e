import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A private nats-server for a benchmark, gone with it. */
export interface BenchNats extends AsyncDisposable {
  readonly url: string;
  readonly version: string;
}

/** Starts nats-server from PATH on a free port of the loopback address, with JetStream in a directory of its own. */
export async function startBenchNats(): Promise<BenchNats> {
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'sallyport-bench-'));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const server = spawn('nats-server', ['-js', '-sd', dir, '-a', '127.0.0.1', '-p', '-1'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  stack.defer(() => ended(server));
  let port: string | undefined;
  let version = 'unknown';
  for await (const line of createInterface(server.stderr)) {
    port ??= /Listening for client connections on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    version = /Version:\s+(\S+)/.exec(line)?.[1] ?? version;
    if (line.includes('Server is ready')) break;
  }
  if (port === undefined) throw new Error('nats-server must say on which port it listens');
  const owned = stack.move();
  return {
    url: `nats://127.0.0.1:${port}`,
    version,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Kills it and waits for its end. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
