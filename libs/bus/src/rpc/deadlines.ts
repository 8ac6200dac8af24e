import type { Clock } from '@sallyport/runtime';

const TICK_MS = 20;

/**
 * Many deadlines on one coarse timer: a timer for each of 100,000 requests a second would cost more than the requests.
 * One comes at most two ticks (40 ms) late, never early.
 */
export class Deadlines implements Disposable {
  readonly #clock: Clock;
  readonly #slots = new Map<number, Set<() => void>>();
  #timer: Disposable | undefined;
  #size = 0;
  #done = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `late` in about `ms`, unless the returned function is called first. */
  after(ms: number, late: () => void): () => void {
    const now = this.#clock.monotonic();
    if (this.#timer === undefined) {
      this.#done = Math.floor(now / TICK_MS);
      this.#timer = this.#clock.every(TICK_MS, () => this.#tick());
    }
    // The slot of the tick before `due` is over only when `due` is.
    const slot = Math.max(Math.ceil((now + Math.max(0, ms)) / TICK_MS), this.#done + 1);
    let entries = this.#slots.get(slot);
    if (entries === undefined) {
      entries = new Set();
      this.#slots.set(slot, entries);
    }
    const members = entries;
    const entry = () => late();
    members.add(entry);
    this.#size += 1;
    return () => {
      if (members.delete(entry)) this.#size -= 1;
    };
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#slots.clear();
    this.#size = 0;
  }

  #tick(): void {
    const now = Math.floor(this.#clock.monotonic() / TICK_MS);
    while (this.#done < now) {
      this.#done += 1;
      const entries = this.#slots.get(this.#done);
      if (entries === undefined) continue;
      this.#slots.delete(this.#done);
      for (const late of entries) {
        entries.delete(late);
        this.#size -= 1;
        late();
      }
    }
    if (this.#size === 0) {
      this.#timer?.[Symbol.dispose]();
      this.#timer = undefined;
      this.#slots.clear();
    }
  }
}
