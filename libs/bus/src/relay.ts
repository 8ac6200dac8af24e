import type { Clock } from '@sallyport/runtime';
import type { Outgoing, OutgoingMessage } from './ports.ts';

/**
 * Where committed messages wait. The store's `Outbox` is one; it is declared here again because libs of one level don't
 * import each other, and the composition root joins them.
 */
export interface Outbox {
  /** The oldest undelivered messages of one partition, in commit order, for this reader alone until the claim ends. */
  claim(
    options: { readonly limit: number; readonly claimMs: number },
    signal?: AbortSignal,
  ): Promise<OutboxClaim | undefined>;
  /** Calls back when this process committed something. Others' commits are found by polling. */
  onCommit(listener: () => void): Disposable;
}

export interface OutboxClaim {
  readonly partition: string;
  readonly messages: readonly OutgoingMessage[];
  /** Removes the first `delivered` and ends the claim; false when it had run out, and they will come again. */
  end(delivered: number, signal?: AbortSignal): Promise<boolean>;
}

export interface RelayOptions {
  readonly outbox: Outbox;
  readonly outgoing: Pick<Outgoing, 'deliver'>;
  readonly clock: Clock;
  /** Messages of one claim. Default 100. */
  readonly limit?: number;
  /** How long a claim lasts; a relay that dies holds its partition up for so long. Default 10,000. */
  readonly claimMs?: number;
  /** How often to look for what other processes committed, and left behind when they died. Default 500. */
  readonly pollMs?: number;
  /** Partitions drained at a time. Default 4. */
  readonly parallel?: number;
  /** The outbox or the bus failed; it is tried again. */
  readonly onError?: (error: unknown) => void;
}

/** Drains an outbox until it is disposed, which waits for the message that is on its way. */
export interface Relay extends AsyncDisposable {
  /** Resolves when the outbox was seen empty once after this call. */
  drained(signal?: AbortSignal): Promise<void>;
}

const RETRY_MS = [50, 100, 250, 500, 1000, 2000];

/**
 * Delivers what is in the outbox: per partition in commit order, one message after the other, at least once, with the
 * message's id as the broker's dedupe key. Any number of relays may run side by side: a partition is claimed by one.
 *
 * When the bus is away a claim is ended with what was delivered, and tried again after a pause. When a delivery takes
 * longer than the claim lasts, the rest of the claim is left to the next: to go on could overtake another relay.
 */
export function relayOutbox(options: RelayOptions): Relay {
  const { clock, outbox, pollMs = 500, parallel = 4 } = options;
  const closing = new AbortController();
  let news = Promise.withResolvers<void>();
  let empty = Promise.withResolvers<void>();
  let emptySince = 0;
  let committed = 0;
  let active = 0;
  const wake = () => {
    committed += 1;
    const woken = news;
    news = Promise.withResolvers();
    woken.resolve();
  };
  const listening = outbox.onCommit(wake);

  const idle = async (ms: number) => {
    const timer = new AbortController();
    const signal = AbortSignal.any([timer.signal, closing.signal]);
    const slept = clock.sleep(ms, signal).catch(() => {}); // woken, or closing
    await Promise.race([slept, news.promise]);
    timer.abort();
  };
  const work = async () => {
    let failures = 0;
    while (!closing.signal.aborted) {
      const seen = committed;
      try {
        active += 1;
        const found = await drainOne(options, closing.signal).finally(() => {
          active -= 1;
        });
        failures = 0;
        if (found) continue;
        // Another worker may hold the claim that hid a partition from this one.
        if (active === 0) {
          emptySince = Math.max(emptySince, seen);
          empty.resolve();
          empty = Promise.withResolvers();
        }
        if (seen === committed) await idle(pollMs);
      } catch (error) {
        if (closing.signal.aborted) break;
        options.onError?.(error);
        const pause = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] as number;
        failures += 1;
        await clock.sleep(pause, closing.signal).catch(() => {}); // closing
      }
    }
  };
  const workers = Array.from({ length: parallel }, work);

  return {
    async drained(signal) {
      wake();
      const goal = committed;
      const aborted = Promise.withResolvers<never>();
      const abort = () => aborted.reject(signal?.reason);
      signal?.throwIfAborted();
      signal?.addEventListener('abort', abort, { once: true });
      try {
        while (emptySince < goal) await Promise.race([empty.promise, aborted.promise]);
      } finally {
        signal?.removeEventListener('abort', abort);
      }
    },
    async [Symbol.asyncDispose]() {
      listening[Symbol.dispose]();
      closing.abort();
      await Promise.all(workers);
    },
  };
}

/** Delivers one claim; false when there was nothing to claim. */
async function drainOne(options: RelayOptions, signal: AbortSignal): Promise<boolean> {
  const { outbox, outgoing, clock, limit = 100, claimMs = 10_000 } = options;
  const began = clock.monotonic();
  const claim = await outbox.claim({ limit, claimMs }, signal);
  if (claim === undefined) return false;
  let delivered = 0;
  try {
    for (const message of claim.messages) {
      // Half of the claim is kept for the delivery that is begun: an overtaken claim could reorder.
      if (signal.aborted || clock.monotonic() - began > claimMs / 2) break;
      await outgoing.deliver(message, AbortSignal.any([signal, AbortSignal.timeout(claimMs / 2)]));
      delivered += 1;
    }
  } finally {
    await claim.end(delivered);
  }
  return true;
}
