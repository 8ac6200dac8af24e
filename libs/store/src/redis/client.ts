import { Cluster, Redis } from 'ioredis';
import { DEFAULT_COMMAND_TIMEOUT_MS, type RedisStoreOptions } from './options.ts';

export type Client = Redis | Cluster;

/**
 * The ioredis client for `options`, not connected yet.
 *
 * What they all have in common: no command is ever repeated or kept for later by ioredis itself (a command may be
 * neither idempotent nor wanted any more by then; `link.ts` knows), and a connection that is silent for `timeoutMs`
 * while an answer is due is taken for dead.
 */
export function createClient(options: RedisStoreOptions): Client {
  const timeoutMs = options.commandTimeoutMs ?? DEFAULT_COMMAND_TIMEOUT_MS;
  const each = {
    ...(options.username === undefined ? {} : { username: options.username }),
    ...(options.password === undefined ? {} : { password: options.password }),
    ...(options.tls === undefined ? {} : { tls: options.tls }),
    socketTimeout: timeoutMs,
    connectTimeout: timeoutMs,
    disableClientInfo: true,
    // Rejects what is in flight as soon as a connection is lost.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
  };
  if (options.mode === 'cluster') {
    return new Cluster(
      options.nodes.map(({ host, port }) => ({ host, port })),
      {
        lazyConnect: true,
        enableOfflineQueue: false,
        clusterRetryStrategy: retryDelay,
        retryDelayOnFailover: 0,
        slotsRefreshTimeout: timeoutMs,
        ...(options.natMap === undefined ? {} : { natMap: { ...options.natMap } }),
        redisOptions: each,
      },
    );
  }
  const one = {
    ...each,
    lazyConnect: true,
    enableOfflineQueue: false,
    db: options.db ?? 0,
    retryStrategy: retryDelay,
    // A master that was deposed: ask Sentinel again.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  };
  if (options.mode === 'single') {
    return new Redis({ ...one, host: options.host, port: options.port });
  }
  return new Redis({
    ...one,
    sentinels: options.sentinels.map(({ host, port }) => ({ host, port })),
    name: options.name,
    sentinelRetryStrategy: retryDelay,
    sentinelCommandTimeout: timeoutMs,
    ...(options.sentinelUsername === undefined
      ? {}
      : { sentinelUsername: options.sentinelUsername }),
    ...(options.sentinelPassword === undefined
      ? {}
      : { sentinelPassword: options.sentinelPassword }),
    ...(options.sentinelTls === undefined
      ? {}
      : { sentinelTLS: options.sentinelTls, enableTLSForSentinelMode: true }),
  });
}

/** Milliseconds before the `attempt`th new connection: quick at first, twice a second in a long outage. */
function retryDelay(attempt: number): number {
  return Math.min(10 * 2 ** Math.min(attempt, 6), 500);
}

/** Whom the client talks to, for error messages. */
export function describe(options: RedisStoreOptions): string {
  const list = (addresses: readonly { host: string; port: number }[]) =>
    addresses.map(({ host, port }) => `${host}:${port}`).join(', ');
  if (options.mode === 'single') return `redis at ${list([options])}`;
  if (options.mode === 'sentinel')
    return `redis master ${options.name} of sentinels ${list(options.sentinels)}`;
  return `redis cluster of ${list(options.nodes)}`;
}
