import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { openNatsTopology } from '@sallyport/bus/nats';
import { systemClock } from '@sallyport/runtime';
import { natsConfig } from '../../../nats/config.ts';
import { durableConsumers } from '../../../nats/users.ts';
import { type RedisUser, redisUsers } from '../../../redis/users.ts';
import type { BrokerPasswords } from './passwords.ts';
import type { ProgramPlan } from './program.ts';

const HOST = '127.0.0.1';

export interface BrokerPlaces {
  /** Everything of the cluster. */
  readonly data: string;
  readonly passwords: BrokerPasswords;
  readonly natsPort: number;
  readonly redisPort: number;
}

/** A private nats-server with streams on disk, in which each service may do its part and nothing else. */
export async function natsPlan({ data, passwords, natsPort }: BrokerPlaces): Promise<ProgramPlan> {
  const home = join(data, 'nats');
  await mkdir(home, { recursive: true, mode: 0o700 });
  const config = join(home, 'nats.conf');
  await writeFile(
    config,
    natsConfig({ passwords, host: HOST, port: natsPort, storeDir: join(home, 'streams') }),
    { mode: 0o600 },
  );
  return {
    ...{ name: 'nats', command: 'nats-server', args: ['-c', config], log: logFile(data, 'nats') },
    ready: () => greets(natsPort, '', 'INFO '),
  };
}

/** Streams and consumers, as their operator makes them: no service may. */
export async function applyStreams({ natsPort, passwords }: BrokerPlaces, signal: AbortSignal) {
  await using topology = await openNatsTopology({
    ...{ servers: `nats://${HOST}:${natsPort}`, service: 'operator', clock: systemClock },
    auth: { user: 'operator', password: passwords.operator },
    consumers: durableConsumers(),
  });
  await topology.apply(signal);
}

/** A private redis-server that keeps every write in its log. */
export async function redisPlan({
  data,
  passwords,
  redisPort,
}: BrokerPlaces): Promise<ProgramPlan> {
  const home = join(data, 'redis');
  await mkdir(home, { recursive: true, mode: 0o700 });
  const users = join(home, 'users.acl');
  const own = passwords as Partial<Record<RedisUser, string>>;
  await writeFile(users, redisUsers({ passwords: own }), { mode: 0o600 });
  return {
    name: 'redis',
    command: 'redis-server',
    args: [
      ...['--bind', HOST, '--port', String(redisPort), '--dir', home, '--aclfile', users],
      ...['--save', '', '--appendonly', 'yes', '--daemonize', 'no'],
    ],
    log: logFile(data, 'redis'),
    // Known at once, but PING is refused until everything has been read.
    ready: () =>
      greets(redisPort, `AUTH operator ${passwords.operator}\r\nPING\r\n`, '+OK\r\n+PONG'),
  };
}

export function logFile(data: string, name: string): string {
  return join(data, 'log', `${name}.log`);
}

/** Whether what answers on `port` begins with `greeting`. */
function greets(port: number, question: string, greeting: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, HOST, () => socket.write(question));
  socket.setTimeout(1000, () => socket.destroy());
  socket.once('data', (chunk) => {
    resolve(chunk.toString().startsWith(greeting));
    socket.destroy();
  });
  socket.on('error', () => resolve(false));
  socket.on('close', () => resolve(false));
  return promise;
}
