import type { Clock } from '@sallyport/runtime';

const TICK_MS = 20;

/** What waits in {@link Deadlines}: the caller's own object, so that a request needs no other for it. */
export interface Deadline {
  /** Written by {@link Deadlines} only. */
  slot: number;
  late(): void;
}

/**
 * Many deadlines on one coarse timer: a timer for each of 100,000 requests a second would cost more than the requests.
 * One comes at most two ticks (40 ms) late, never early.
 */
export class Deadlines implements Disposable {
  readonly #clock: Clock;
  readonly #slots = new Map<number, Set<Deadline>>();
  #timer: Disposable | undefined;
  #size = 0;
  #done = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `deadline.late()` in about `ms`, unless {@link clear} is called with it first. One object is in here once. */
  set(ms: number, deadline: Deadline): void {
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
    entries.add(deadline);
    deadline.slot = slot;
    this.#size += 1;
  }

  clear(deadline: Deadline): void {
    if (this.#slots.get(deadline.slot)?.delete(deadline)) this.#size -= 1;
  }

  /** As {@link set}; the function returned clears it. For where it isn't called a hundred thousand times a second. */
  after(ms: number, late: () => void): () => void {
    const deadline = { slot: 0, late };
    this.set(ms, deadline);
    return () => this.clear(deadline);
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
      for (const deadline of entries) {
        entries.delete(deadline);
        this.#size -= 1;
        deadline.late();
      }
    }
    if (this.#size === 0) {
      this.#timer?.[Symbol.dispose]();
      this.#timer = undefined;
      this.#slots.clear();
    }
  }
}
