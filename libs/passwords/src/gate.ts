import { orAborted } from '@sallyport/runtime';

/** Tells that nothing was done because as many wait as may. */
export const FULL: unique symbol = Symbol('full');

/**
 * Lets so many run at once, so many more wait in the order of their coming, and turns the others away at once: a queue
 * longer than people wait for is work for nobody.
 */
export class Gate {
  readonly #places: number;
  readonly #queue: number;
  readonly #waiting = new Set<{ enter: () => void; refuse: (reason: unknown) => void }>();
  #running = 0;
  #closed: { readonly reason: unknown; readonly idle: PromiseWithResolvers<void> } | undefined;

  constructor(places: number, queue: number) {
    this.#places = places;
    this.#queue = queue;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Runs `work` when there is a place. Rejects with the signal's reason when that aborts first; then work that hasn't begun
   * never does, and work that has keeps its place until it ends, for it can't be stopped and still costs.
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T | typeof FULL> {
    signal?.throwIfAborted();
    if (this.#closed !== undefined) throw this.#closed.reason;
    if (this.#running >= this.#places) {
      if (this.#waiting.size >= this.#queue) return FULL;
      await this.#turn(signal);
    } else {
      this.#running += 1;
    }
    const result = work().finally(() => this.#leave());
    return signal === undefined ? await result : await orAborted(result, signal);
  }

  /** Refuses all who wait or come later with `reason`; resolves when nobody runs any more. */
  async close(reason: unknown): Promise<void> {
    this.#closed ??= { reason, idle: Promise.withResolvers<void>() };
    for (const waiter of this.#waiting) waiter.refuse(reason);
    this.#waiting.clear();
    if (this.#running === 0) this.#closed.idle.resolve();
    await this.#closed.idle.promise;
  }

  /** Resolves with a place of one's own. */
  async #turn(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { enter: resolve, refuse: reject };
    this.#waiting.add(waiter);
    const abort = () => {
      // Whoever was given a place already isn't in the set any more, and goes on to work that nobody awaits.
      if (this.#waiting.delete(waiter)) reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await promise;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  #leave(): void {
    const [next] = this.#waiting;
    if (next !== undefined) {
      // The place is handed over, so that nobody who comes now gets it first.
      this.#waiting.delete(next);
      next.enter();
      return;
    }
    this.#running -= 1;
    if (this.#running === 0) this.#closed?.idle.resolve();
  }
}
