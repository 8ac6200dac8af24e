import { setTimeout as delay } from 'node:timers/promises';

/**
 * Time as a dependency. Production code never calls `Date.now()` or `setTimeout` for anything a test would
 * want to move; it is given a `Clock`.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch; may step when the machine's clock is set. */
  now(): number;
  /** Milliseconds from an arbitrary start; never steps back. For durations. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `tick` every `ms` until disposed. The timer doesn't keep the process alive. */
  every(ms: number, tick: () => void): Disposable;
}

/** Timers of Node fire at once when asked for more than 2^31 − 1 ms. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    try {
      for (let left = ms; left > 0; left -= LONGEST_TIMER) {
        await delay(
          Math.min(left, LONGEST_TIMER),
          undefined,
          signal === undefined ? {} : { signal },
        );
      }
      signal?.throwIfAborted();
    } catch (error) {
      // Node rejects with an AbortError of its own; ours is the reason.
      throw signal?.aborted ? signal.reason : error;
    }
  },
  every(ms, tick) {
    const timer = setInterval(tick, ms);
    timer.unref();
    return { [Symbol.dispose]: () => clearInterval(timer) };
  },
};

/** A clock that moves only when told to, for tests. Wakes sleepers in the order of their deadlines. */
export class ManualClock implements Clock {
  #now: number;
  readonly #start: number;
  readonly #waiters = new Set<{ at: number; wake: () => void }>();

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start;
    this.#start = start;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { at: this.#now + ms, wake: resolve };
    this.#waiters.add(waiter);
    const abort = () => reject(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await promise;
    } finally {
      this.#waiters.delete(waiter);
      signal?.removeEventListener('abort', abort);
    }
  }

  every(ms: number, tick: () => void): Disposable {
    const waiter = {
      at: this.#now + ms,
      wake: () => {
        waiter.at += ms;
        this.#waiters.add(waiter);
        tick();
      },
    };
    this.#waiters.add(waiter);
    return { [Symbol.dispose]: () => this.#waiters.delete(waiter) };
  }

  /** Moves time forward by `ms`, waking on the way everything that falls due, earliest first. */
  async advance(ms: number): Promise<void> {
    const target = this.#now + ms;
    for (;;) {
      const due = [...this.#waiters].filter((w) => w.at <= target).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#now = Math.max(this.#now, due.at);
      this.#waiters.delete(due);
      due.wake();
      // Let what was woken run (and perhaps sleep again) before time moves on.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#now = target;
  }
}
