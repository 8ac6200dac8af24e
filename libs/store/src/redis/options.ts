import type { ConnectionOptions } from 'node:tls';
import type { Clock } from '@sallyport/runtime';
import { checkWhole } from '../arguments.ts';
import { StoreArgumentError } from '../errors.ts';
import { show } from '../key.ts';

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

export interface Replication {
  readonly replicas: number;
  readonly timeoutMs: number;
}

interface Common {
  /** What every key begins with, before the space: letters, digits, `-`, `_`, `.`; up to 64. */
  readonly prefix: string;
  readonly username?: string;
  readonly password?: string;
  /** TLS to the servers; absent: plain TCP. */
  readonly tls?: ConnectionOptions;
  /**
   * Deadline of every call, milliseconds; also how long a connection may be silent while an answer is due, and how
   * long connecting may take. Default 2,000.
   */
  readonly commandTimeoutMs?: number;
  /**
   * A commit is acknowledged only when so many replicas have it too (Redis WAIT); if they don't within `timeoutMs`
   * it rejects with `StoreUnavailableError`. Commits then have a connection of their own, because WAIT holds up
   * whatever is behind it.
   */
  readonly wait?: Replication;
  /**
   * What opening does when Redis can't be reached within `commandTimeoutMs`: `reject` (default) with
   * `StoreUnavailableError`, or `continue`: the store is there at once, its calls reject until Redis is reached.
   */
  readonly unreachable?: 'reject' | 'continue';
  readonly clock?: Clock;
}

/** One Redis server. */
export interface RedisSingleOptions extends Common, RedisAddress {
  readonly mode: 'single';
  /** Number of the database. Default 0. */
  readonly db?: number;
}

/** The master that Sentinels name. */
export interface RedisSentinelOptions extends Common {
  readonly mode: 'sentinel';
  readonly sentinels: readonly RedisAddress[];
  /** Name of the master's group. */
  readonly name: string;
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
  readonly sentinelTls?: ConnectionOptions;
  readonly db?: number;
}

/** A Redis Cluster, found through some of its nodes. */
export interface RedisClusterOptions extends Common {
  readonly mode: 'cluster';
  readonly nodes: readonly RedisAddress[];
  /** Where we reach the addresses (`host:port`) that the cluster announces, if not there. */
  readonly natMap?: Readonly<Record<string, RedisAddress>>;
}

export type RedisStoreOptions = RedisSingleOptions | RedisSentinelOptions | RedisClusterOptions;

export const DEFAULT_COMMAND_TIMEOUT_MS = 2_000;

/** Throws `StoreArgumentError` for what the types can't say. */
export function checkOptions(options: RedisStoreOptions): void {
  if (!/^[A-Za-z0-9_.-]{1,64}$/.test(options.prefix)) {
    throw new StoreArgumentError(
      `prefix ${show(options.prefix)} isn't 1 to 64 letters, digits, "-", "_" and "."`,
    );
  }
  const { commandTimeoutMs = DEFAULT_COMMAND_TIMEOUT_MS, wait } = options;
  checkWhole(commandTimeoutMs, 'commandTimeoutMs', 10, 600_000);
  if (wait !== undefined) {
    checkWhole(wait.replicas, 'replicas to wait for', 1, 100);
    // WAIT 0 would hold the connection for ever, and an answer after the deadline is of no use.
    checkWhole(wait.timeoutMs, 'timeoutMs of wait', 1, commandTimeoutMs - 1);
  }
  if (options.mode === 'sentinel' && options.sentinels.length === 0) {
    throw new StoreArgumentError('mode sentinel needs at least one address in sentinels');
  }
  if (options.mode === 'cluster' && options.nodes.length === 0) {
    throw new StoreArgumentError('mode cluster needs at least one address in nodes');
  }
}
