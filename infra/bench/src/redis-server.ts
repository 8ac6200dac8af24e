import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ended } from './nats-server.ts';

/** A private redis-server for a benchmark, gone with it. */
export interface BenchRedis extends AsyncDisposable {
  readonly port: number;
  readonly version: string;
}

/** Starts redis-server from PATH on a free port of the loopback address, with an append-only file of its own. */
export async function startBenchRedis(): Promise<BenchRedis> {
  const port = await freePort();
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'sallyport-bench-'));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const server = spawn(
    'redis-server',
    [
      ...['--bind', '127.0.0.1', '--port', String(port), '--dir', dir, '--save', ''],
      ...['--appendonly', 'yes', '--daemonize', 'no'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  stack.defer(() => ended(server));
  let version = 'unknown';
  let ready = false;
  for await (const line of createInterface(server.stdout)) {
    version = /Redis version=([\d.]+)/.exec(line)?.[1] ?? version;
    ready = line.includes('Ready to accept connections');
    if (ready) break;
  }
  if (!ready) throw new Error(`redis-server must come up on port ${port}`);
  const owned = stack.move();
  return { port, version, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A port that was free a moment ago: redis-server can't choose one itself. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
