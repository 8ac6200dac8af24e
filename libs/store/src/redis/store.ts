import { systemClock } from '@sallyport/runtime';
import { checkSpaceName } from '../arguments.ts';
import { StoreLayoutError, StoreUnavailableError } from '../errors.ts';
import type { Space, Store } from '../ports.ts';
import { createClient, describe } from './client.ts';
import { createCommit } from './commit.ts';
import { createHit } from './hit.ts';
import { keyspace } from './keyspace.ts';
import { createLease } from './lease.ts';
import { createLink, type Link } from './link.ts';
import {
  checkOptions,
  DEFAULT_COMMAND_TIMEOUT_MS,
  type RedisStoreOptions,
  type Replication,
} from './options.ts';
import { createOutbox } from './outbox.ts';
import { createRange } from './range.ts';
import { createReader } from './read.ts';

/**
 * The store over Redis 7.0 or newer: a single server, the master that Sentinels name, or a Cluster. Rejects with
 * `StoreArgumentError` for wrong options, `StoreAccessError` for wrong credentials, `StoreUnavailableError` when
 * Redis can't be reached (see `unreachable`) and `StoreLayoutError` when it is too old.
 */
export async function openRedisStore(
  options: RedisStoreOptions,
  signal?: AbortSignal,
): Promise<Store> {
  checkOptions(options);
  signal?.throwIfAborted();
  await using stack = new AsyncDisposableStack();
  const link = stack.use(openLink(options, undefined));
  const { wait } = options;
  const writer = wait === undefined ? link : stack.use(openLink(options, wait));
  try {
    await checkServer(link, signal);
  } catch (error) {
    const tolerated = options.unreachable === 'continue' && error instanceof StoreUnavailableError;
    if (!tolerated) throw error;
  }
  const owned = stack.move();
  return {
    space(name) {
      checkSpaceName(name);
      return createSpace(options.prefix, name, link, writer);
    },
    async now(aborted) {
      const [seconds, micros] = (await link.send('time', [], 'again', aborted)) as Buffer[];
      return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
    },
    [Symbol.asyncDispose]() {
      link.close();
      writer.close();
      return owned.disposeAsync();
    },
  };
}

function openLink(options: RedisStoreOptions, wait: Replication | undefined): Link {
  const client = createClient(options);
  const link = createLink({
    client,
    clock: options.clock ?? systemClock,
    timeoutMs: options.commandTimeoutMs ?? DEFAULT_COMMAND_TIMEOUT_MS,
    peer: describe(options),
    wait,
  });
  // How it went is seen by the first command; the client tries again by itself.
  client.connect().catch(() => {});
  return link;
}

async function checkServer(link: Link, signal: AbortSignal | undefined): Promise<void> {
  // INFO would be let through before the credentials are known to be good.
  await link.send('time', [], 'again', signal);
  const info = String(await link.send('info', ['server'], 'again', signal));
  const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown';
  if (Number(version.split('.')[0]) < 7) {
    throw new StoreLayoutError(`redis is of version ${version}, needed is 7.0 or newer`);
  }
}

function createSpace(prefix: string, name: string, link: Link, writer: Link): Space {
  const keys = keyspace(prefix, name);
  const reader = createReader(link, keys);
  const outbox = createOutbox(link, keys);
  return {
    name,
    get: reader.get,
    counters: reader.counters,
    commit: createCommit(writer, keys, outbox.committed),
    range: createRange(link, keys),
    hit: createHit(link, keys),
    lease: createLease(link, keys),
    outbox: { claim: outbox.claim, onCommit: outbox.onCommit },
  };
}
