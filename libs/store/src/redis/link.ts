import type { Clock } from '@sallyport/runtime';
import { Cluster, Command } from 'ioredis';
import { StoreAccessError, StoreClosedError, StoreUnavailableError } from '../errors.ts';
import type { Client } from './client.ts';
import { collector } from './collector.ts';
import { Deadlines } from './deadlines.ts';
import { classify } from './failure.ts';
import type { Replication } from './options.ts';
import type { Script } from './script.ts';

export type Argument = string | Buffer;

/**
 * `again`: the command may be repeated when its answer is lost (it changes nothing, or nothing more the second time).
 * `once`: it may not.
 */
type Repeat = 'again' | 'once';

/**
 * Commands to Redis with a deadline, and errors of the port. What is sent in one turn of the event loop leaves in one
 * write per connection. Replies are as RESP2 has them, strings as Buffers.
 */
export interface Link extends AsyncDisposable {
  readonly cluster: boolean;
  /** Refuses what is asked from now on; disposal lets end what was asked before. */
  close(): void;
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
  const deadlines = new Deadlines(clock, timeoutMs);
  const collect = collector(client);
  let recovering = 0;
  let closed = false;
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

  /** The first attempt; most have no other. */
  function transmit(attempt: Attempt): Promise<unknown> {
    const command = new Command(attempt.name, attempt.args, BINARY);
    const waiting = deadlines.add(command, attempt.startedAt);
    const reply = wait === undefined ? dispatch(command) : dispatchAndWait(command, wait);
    // What couldn't be sent was rejected on the spot.
    const sent = !command.isSettled;
    return reply.then(
      (value) => {
        deadlines.remove(waiting);
        if (closed) checkDrained();
        return value;
      },
      async (error: unknown) => {
        deadlines.remove(waiting);
        recovering += 1;
        try {
          return await recover(attempt, error, sent);
        } finally {
          recovering -= 1;
          if (closed) checkDrained();
        }
      },
    );
  }

  function checkDrained(): void {
    if (deadlines.empty && recovering === 0) drained?.();
  }

  function dispatch(command: Command): Promise<unknown> {
    collect();
    // A promise, though the type doesn't say so.
    return client.sendCommand(command) as Promise<unknown>;
  }

  /**
   * WAIT is about what its own connection wrote, so it must follow the command on the same one, whatever happens:
   * both leave at once, and redirections of a cluster come back as errors (their repetition has a WAIT of its own).
   */
  async function dispatchAndWait(command: Command, need: Replication): Promise<unknown> {
    const waiting = new Command('wait', [String(need.replicas), String(need.timeoutMs)]);
    const via = (one: Command) =>
      client instanceof Cluster
        ? client.sendCommand(one, undefined, { slot: command.getSlot() })
        : client.sendCommand(one);
    collect();
    const [reply, copies] = await Promise.allSettled([via(command), via(waiting)]);
    if (reply.status === 'rejected') throw reply.reason;
    if (copies.status === 'rejected') throw copies.reason;
    const found = Number(copies.value);
    if (found < need.replicas) throw new TooFewReplicas(found, need);
    return reply.value;
  }

  async function recover(attempt: Attempt, error: unknown, sent: boolean): Promise<unknown> {
    const failure = error instanceof TooFewReplicas ? 'refused' : classify(error, sent);
    if (failure === 'answer') throw error;
    const { name, args, repeat, startedAt, pauseMs, script } = attempt;
    if (failure === 'no-script' && script !== undefined) {
      const bySource = { name: script.commands[1], args: [script.source, ...args.slice(1)] };
      return retransmit({ ...attempt, ...bySource, script: undefined });
    }
    // A connection that is refused for its credentials has nothing to send commands on.
    const refusal = failure === 'later' && !sent ? (lastError ?? error) : error;
    if (classify(refusal, true) === 'denied') {
      throw new StoreAccessError(`${peer} refuses ${name}: ${text(refusal)}`, { cause: refusal });
    }
    if (cluster && failure !== 'refused') client.refreshSlotsCache();
    const now = clock.monotonic();
    const late = now + pauseMs >= startedAt + timeoutMs;
    const hopeless = downSince !== undefined && now - downSince > timeoutMs;
    const repeatable = failure === 'later' || (failure === 'lost' && repeat === 'again');
    if (!repeatable || hopeless || late) throw unavailable(attempt, error, failure);
    await clock.sleep(pauseMs);
    return retransmit({ ...attempt, pauseMs: Math.min(2 * pauseMs, LONGEST_PAUSE_MS) });
  }

  /** Another attempt, in what is left of the time. */
  async function retransmit(attempt: Attempt): Promise<unknown> {
    const command = new Command(attempt.name, attempt.args, BINARY);
    const answered = new AbortController();
    const left = Math.max(0, attempt.startedAt + timeoutMs - clock.monotonic());
    clock.sleep(left, answered.signal).then(
      () => command.reject(new Error(`no answer within ${timeoutMs} ms`)),
      () => {},
    );
    const reply = wait === undefined ? dispatch(command) : dispatchAndWait(command, wait);
    const sent = !command.isSettled;
    try {
      return await reply;
    } catch (error) {
      return await recover(attempt, error, sent);
    } finally {
      answered.abort();
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
    const startedAt = clock.monotonic();
    const reply = transmit({ name, args, repeat, script, startedAt, pauseMs: 10 });
    return signal === undefined ? reply : abortable(reply, signal);
  }

  return {
    cluster,
    close() {
      closed = true;
    },
    send: (name, args, repeat, signal) => begin(name, args, repeat, undefined, signal),
    run(script, keys, args, repeat, signal) {
      const all = [script.sha, String(keys.length), ...keys, ...args];
      return begin(script.commands[0], all, repeat, script, signal);
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      const { promise, resolve } = Promise.withResolvers<void>();
      drained = resolve;
      checkDrained();
      await promise;
      deadlines[Symbol.dispose]();
      client.disconnect();
    },
  };
}

/** The reply, or the signal's reason if that comes first. */
function abortable(reply: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort);
    reply.then(
      (value) => {
        signal.removeEventListener('abort', abort);
        resolve(value);
      },
      (error: unknown) => {
        signal.removeEventListener('abort', abort);
        reject(error);
      },
    );
  });
}

class TooFewReplicas extends Error {
  constructor(found: number, { replicas, timeoutMs }: Replication) {
    super(`${found} of ${replicas} replicas have it after ${timeoutMs} ms`);
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
