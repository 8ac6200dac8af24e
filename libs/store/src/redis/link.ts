import type { Clock } from '@sallyport/runtime';
import { Cluster, Command } from 'ioredis';
import { StoreClosedError, StoreUnavailableError } from '../errors.ts';
import { StoreAccessError } from './access-error.ts';
import type { Client } from './client.ts';
import { classify } from './failure.ts';
import type { Replication } from './options.ts';
import type { Script } from './script.ts';

export type Argument = string | Buffer;

/**
 * `again`: the command may be repeated when its answer is lost (it changes nothing, or nothing more the second time).
 * `once`: it may not.
 */
export type Repeat = 'again' | 'once';

/** Commands to Redis with a deadline, and errors of the port. Replies are as RESP2 has them, strings as Buffers. */
export interface Link extends AsyncDisposable {
  readonly cluster: boolean;
  send(
    name: string,
    args: Argument[],
    repeat: Repeat,
    signal: AbortSignal | undefined,
  ): Promise<unknown>;
  run(
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
    repeat: Repeat,
    signal: AbortSignal | undefined,
  ): Promise<unknown>;
  /** What `work` sends before it returns leaves in one write per connection. */
  together<T>(work: () => T): T;
}

interface Attempt {
  readonly name: string;
  readonly args: Argument[];
  readonly repeat: Repeat;
  readonly startedAt: number;
  readonly pauseMs: number;
  /** What to send by its source when the server doesn't know it. */
  readonly script: Script | undefined;
}

const BINARY = { replyEncoding: null };
const LONGEST_PAUSE_MS = 100;

export interface LinkOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Whom it talks to, for error messages. */
  readonly peer: string;
  /** Every answer is held back until so many replicas have what was written. */
  readonly wait?: Replication | undefined;
}

export function createLink({ client, clock, timeoutMs, peer, wait }: LinkOptions): Link {
  const cluster = client instanceof Cluster;
  let closed = false;
  let pending = 0;
  let drained: (() => void) | undefined;
  let downSince: number | undefined = clock.monotonic();
  let lastError: unknown;

  client.on('ready', () => {
    downSince = undefined;
    lastError = undefined;
  });
  client.on('close', () => {
    downSince ??= clock.monotonic();
  });
  const remember = (error: unknown) => {
    lastError = error;
  };
  // A cluster's own error only says that all nodes had one.
  client.on('error', cluster ? () => {} : remember);
  if (cluster) client.on('node error', remember);

  const settle = () => {
    pending -= 1;
    if (pending === 0) drained?.();
  };

  function transmit(attempt: Attempt): Promise<unknown> {
    const command = new Command(attempt.name, attempt.args, BINARY);
    if (wait !== undefined) return transmitAndWait(attempt, command, wait);
    // A promise, though the type doesn't say so.
    const reply = client.sendCommand(command) as Promise<unknown>;
    // What couldn't be sent was rejected on the spot.
    const sent = !command.isSettled;
    return reply.catch((error: unknown) => recover(attempt, error, sent));
  }

  /**
   * WAIT is about what its own connection wrote, so it must follow the command on the same one, whatever happens:
   * both leave at once, and redirections of a cluster come back as errors (their repetition has a WAIT of its own).
   */
  async function transmitAndWait(attempt: Attempt, command: Command, need: Replication) {
    const waiting = new Command('wait', [String(need.replicas), String(need.timeoutMs)]);
    const via = (one: Command) =>
      client instanceof Cluster
        ? client.sendCommand(one, undefined, { slot: command.getSlot() })
        : client.sendCommand(one);
    const sending = via(command);
    const sent = !command.isSettled;
    const [reply, copies] = await Promise.allSettled([sending, via(waiting)]);
    if (reply.status === 'rejected') return recover(attempt, reply.reason, sent);
    if (copies.status === 'rejected') return recover(attempt, copies.reason, true);
    if (Number(copies.value) < need.replicas) {
      const few = `${copies.value} of ${need.replicas} replicas have it after ${need.timeoutMs} ms`;
      throw unavailable(attempt, new Error(few), 'refused');
    }
    return reply.value;
  }

  async function recover(attempt: Attempt, error: unknown, sent: boolean): Promise<unknown> {
    const failure = classify(error, sent);
    if (failure === 'answer') throw error;
    const { name, args, repeat, startedAt, pauseMs, script } = attempt;
    if (failure === 'no-script' && script !== undefined) {
      const bySource = { name: script.commands[1], args: [script.source, ...args.slice(1)] };
      return transmit({ ...attempt, ...bySource, script: undefined });
    }
    // A connection that is refused for its credentials has nothing to send commands on.
    const refusal = failure === 'later' && !sent ? (lastError ?? error) : error;
    if (classify(refusal, true) === 'denied') {
      throw new StoreAccessError(`${peer} refuses ${name}: ${text(refusal)}`, { cause: refusal });
    }
    if (cluster && failure !== 'refused') client.refreshSlotsCache();
    const left = startedAt + timeoutMs - clock.monotonic() - pauseMs;
    const hopeless = downSince !== undefined && clock.monotonic() - downSince > timeoutMs;
    const repeatable = failure === 'later' || (failure === 'lost' && repeat === 'again');
    if (!repeatable || hopeless || closed || left <= 0) throw unavailable(attempt, error, failure);
    await clock.sleep(pauseMs);
    return within(left, attempt, {
      ...attempt,
      pauseMs: Math.min(2 * pauseMs, LONGEST_PAUSE_MS),
    });
  }

  /** A repeated attempt has what is left of the deadline, though ioredis would give it a whole one. */
  async function within(left: number, first: Attempt, attempt: Attempt): Promise<unknown> {
    const over = new AbortController();
    const late = clock.sleep(left, over.signal).then(() => {
      throw unavailable(first, new Error(`no answer within ${timeoutMs} ms`), 'lost');
    });
    // Aborted when the answer was first.
    late.catch(() => {});
    try {
      return await Promise.race([transmit(attempt), late]);
    } finally {
      over.abort();
    }
  }

  function unavailable({ name }: Attempt, error: unknown, failure: string): StoreUnavailableError {
    const known = text(error);
    // What ioredis says about a lost connection says less than what broke it.
    const cause = failure === 'lost' || failure === 'later' ? (lastError ?? error) : error;
    const why = cause === error ? known : `${known} (${text(cause)})`;
    return new StoreUnavailableError(`${peer} didn't answer ${name}: ${why}`, { cause });
  }

  function begin(
    name: string,
    args: Argument[],
    repeat: Repeat,
    script: Script | undefined,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    signal?.throwIfAborted();
    if (closed) throw new StoreClosedError(`the store on ${peer} is closed`);
    pending += 1;
    const reply = transmit({
      name,
      args,
      repeat,
      script,
      startedAt: clock.monotonic(),
      pauseMs: 10,
    });
    reply.then(settle, settle);
    return signal === undefined ? reply : abortable(reply, signal);
  }

  return {
    cluster,
    send: (name, args, repeat, signal) => begin(name, args, repeat, undefined, signal),
    run(script, keys, args, repeat, signal) {
      const all = [script.sha, String(keys.length), ...keys, ...args];
      return begin(script.commands[0], all, repeat, script, signal);
    },
    together(work) {
      const streams = (cluster ? client.nodes() : [client]).map((node) => node.stream);
      for (const stream of streams) stream?.cork();
      try {
        return work();
      } finally {
        for (const stream of streams) stream?.uncork();
      }
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      if (pending > 0) {
        const { promise, resolve } = Promise.withResolvers<void>();
        drained = resolve;
        await promise;
      }
      client.disconnect();
    },
  };
}

async function abortable(reply: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([reply, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
