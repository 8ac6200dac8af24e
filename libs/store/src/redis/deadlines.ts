import type { Clock } from '@sallyport/runtime';
import type { Command } from 'ioredis';

/** A command on its way. */
export interface Waiting {
  readonly command: Command;
  readonly startedAt: number;
  before: Waiting | undefined;
  behind: Waiting | undefined;
}

/**
 * Rejects commands that had no answer within `timeoutMs`. One list in order of their start and one tick for all: a
 * timer for each would cost a tenth of what the whole command costs.
 */
export class Deadlines implements Disposable {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #tickMs: number;
  readonly #ticking: Disposable;
  #first: Waiting | undefined;
  #last: Waiting | undefined;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#tickMs = Math.max(1, timeoutMs / 20);
    this.#ticking = clock.every(this.#tickMs, () => this.#sweep());
  }

  get empty(): boolean {
    return this.#first === undefined;
  }

  add(command: Command, startedAt: number): Waiting {
    const waiting = { command, startedAt, before: this.#last, behind: undefined };
    if (this.#last === undefined) this.#first = waiting;
    else this.#last.behind = waiting;
    this.#last = waiting;
    return waiting;
  }

  remove({ before, behind }: Waiting): void {
    if (before === undefined) this.#first = behind;
    else before.behind = behind;
    if (behind === undefined) this.#last = before;
    else behind.before = before;
  }

  #sweep(): void {
    // A tick early rather than a tick late.
    const since = this.#clock.monotonic() - this.#timeoutMs + this.#tickMs;
    // Rejecting takes a command off the list only later, so the list stands still here.
    for (let one = this.#first; one !== undefined && one.startedAt < since; one = one.behind) {
      one.command.reject(new Error(`no answer within ${this.#timeoutMs} ms`));
    }
  }

  [Symbol.dispose](): void {
    this.#ticking[Symbol.dispose]();
  }
}
