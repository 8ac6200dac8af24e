import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort, type Program, startProgram, tempDir } from './program.ts';
import { until } from './until.ts';

/** A private redis-server on loopback, appendonly with fsync always. */
export interface RedisServer extends AsyncDisposable {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly program: Program;
  /** Kills it without warning (SIGKILL). */
  kill(): Promise<void>;
  /** Starts it again on the same port and directory. */
  restart(): Promise<void>;
}

/** Starts redis-server on a free port; `args` are further command-line settings. */
export async function startRedis(args: readonly string[] = []): Promise<RedisServer> {
  const dir = await tempDir();
  const port = await freePort();
  let program: Program;
  const start = async () => {
    program = startProgram('redis-server', [
      ...['--bind', '127.0.0.1', '--port', String(port), '--dir', dir.path, '--save', ''],
      ...['--appendonly', 'yes', '--appendfsync', 'always', '--daemonize', 'no', ...args],
    ]);
    await until(async () => {
      if (program.child.exitCode !== null) throw new Error(program.output());
      const answer = await ask(port, 'PING\r\n').catch(({ message }: Error) => message);
      // With users of its own it asks who that is.
      return /^\+PONG|NOAUTH/.test(answer);
    }, 'redis-server answers PING');
  };
  await start();
  return {
    host: '127.0.0.1',
    port,
    get program() {
      return program;
    },
    kill: () => program.stop('SIGKILL'),
    restart: start,
    async [Symbol.asyncDispose]() {
      await program.stop('SIGKILL');
      await dir[Symbol.asyncDispose]();
    },
  };
}

/** A Redis Cluster of three masters on loopback. */
export interface RedisCluster extends AsyncDisposable {
  readonly nodes: readonly { host: string; port: number }[];
}

/** Starts three redis-servers and joins them: slots spread evenly, no replicas. */
export async function startRedisCluster(): Promise<RedisCluster> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await tempDir());
  const nodes: { host: string; port: number }[] = [];
  for (let i = 0; i < 3; i += 1) {
    const home = join(dir.path, String(i));
    await mkdir(home);
    const port = await freePort();
    const bus = await freePort();
    const program = stack.use(
      startProgram('redis-server', [
        ...['--bind', '127.0.0.1', '--port', String(port), '--cluster-port', String(bus)],
        ...['--dir', home, '--save', '', '--appendonly', 'yes', '--cluster-enabled', 'yes'],
        ...['--cluster-node-timeout', '2000'],
      ]),
    );
    await until(async () => {
      if (program.child.exitCode !== null) throw new Error(program.output());
      return (await ask(port, 'PING\r\n').catch(() => '')).startsWith('+PONG');
    }, 'a cluster node answers PING');
    nodes.push({ host: '127.0.0.1', port });
    const [from, to] = [Math.floor((16384 * i) / 3), Math.floor((16384 * (i + 1)) / 3) - 1];
    await ask(port, `CLUSTER ADDSLOTSRANGE ${from} ${to}\r\n`);
    await ask(port, `CLUSTER SET-CONFIG-EPOCH ${i + 1}\r\n`);
    if (i > 0) {
      const first = nodes[0] as { port: number };
      await ask(port, `CLUSTER MEET 127.0.0.1 ${first.port} ${await busPort(first.port)}\r\n`);
    }
  }
  await until(
    async () =>
      (
        await Promise.all(
          nodes.map(async ({ port }) => {
            const info = await ask(port, 'CLUSTER INFO\r\n');
            return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3');
          }),
        )
      ).every(Boolean),
    'the cluster is whole',
    20_000,
  );
  const owned = stack.move();
  return { nodes, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The port of the cluster's own bus, as the node itself says. */
async function busPort(port: number): Promise<number> {
  const myself = (await ask(port, 'CLUSTER NODES\r\n')).match(/@(\d+)[^\n]*myself/);
  return Number(myself?.[1]);
}

/** One inline command, one answer. Enough to set servers up without a client library. */
function ask(port: number, command: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(port, '127.0.0.1', () => socket.write(command));
  socket.setTimeout(2000, () => socket.destroy(new Error(`no answer to ${command.trim()}`)));
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
    const bulk = /^\$(\d+)\r\n/.exec(text);
    const whole =
      bulk === null ? text.endsWith('\r\n') : text.length >= bulk[0].length + Number(bulk[1]) + 2;
    if (whole) {
      socket.destroy();
      if (text.startsWith('-')) reject(new Error(`${command.trim()}: ${text.trim()}`));
      else resolve(text);
    }
  });
  socket.on('error', reject);
  return promise;
}
