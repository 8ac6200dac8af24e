import type { Clock } from '@sallyport/runtime';

/** Something that must be over at a time. */
export interface Due {
  expire(): void;
}

/**
 * Deadlines of many connections on one coarse timer: a timer each would cost more than the deadline is worth. One fires up to
 * `tickMs` late, never early.
 */
export class Deadlines implements Disposable {
  readonly #clock: Clock;
  readonly #due = new Map<Due, number>();
  readonly #timer: Disposable;

  constructor(clock: Clock, tickMs: number) {
    this.#clock = clock;
    this.#timer = clock.every(tickMs, () => this.#sweep());
  }

  get size(): number {
    return this.#due.size;
  }

  /** Replaces an earlier deadline of the same thing. */
  set(due: Due, inMs: number): void {
    this.#due.set(due, this.#clock.monotonic() + inMs);
  }

  clear(due: Due): void {
    this.#due.delete(due);
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
    this.#due.clear();
  }

  #sweep(): void {
    const now = this.#clock.monotonic();
    for (const [due, at] of this.#due) {
      if (at > now) continue;
      this.#due.delete(due);
      due.expire();
    }
  }
}
