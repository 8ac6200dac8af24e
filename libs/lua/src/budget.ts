import { getHeapStatistics } from 'node:v8';
import { LuaStopError } from './errors.ts';
import { SLICE } from './runtime.ts';

/** What one call from the host may use up. Absent: no limit. */
export interface Limits {
  /** Milliseconds that the script itself may compute, waits not counted. */
  readonly cpu?: number;
  /** Milliseconds until the call is ended, waits included. */
  readonly timeout?: number;
  /** Steps (rounds of loops, calls, steps of the pattern matcher), in units of 10,000: exact the same on every run. */
  readonly fuel?: number;
  /** Bytes by which the heap may grow while the script computes. An estimate; an `Isolate` has a hard limit. */
  readonly memory?: number;
}

/** New strings and tables of this size together make the budget look at the heap. */
const LOOK_EVERY = 8 * 1024 * 1024;

/** Bytes that the steps of one slice may touch: some 30 milliseconds, when each of them compares two strings of the longest length. */
const PER_SLICE = 2 ** 28;
const FEWEST = 4;

/** The limits of one call from the host and what it has used of them. Looked at every `SLICE` steps of the script. */
export class Budget {
  /** Steps until the next look: fewer from the first long string on, as one step may then copy or compare it. */
  slice = SLICE;
  readonly #limits: Limits;
  readonly #signal: AbortSignal | undefined;
  #deadline = Number.POSITIVE_INFINITY;
  #used = 0;
  #started = 0;
  #fuel: number;
  #grown = 0;
  #owned = 0;
  /** Heap at the last look in this stretch of computing; -1 before the first. */
  #heap = -1;

  constructor(limits: Limits, signal: AbortSignal | undefined) {
    this.#limits = limits;
    this.#signal = signal;
    this.#fuel = limits.fuel ?? Number.POSITIVE_INFINITY;
  }

  /** Milliseconds of computing so far. */
  spent(): number {
    return this.#used + performance.now() - this.#started;
  }

  /** Milliseconds left until the time-out; infinite without one. */
  get left(): number {
    return this.#deadline - performance.now();
  }

  /** Called before the script computes. */
  resume(): void {
    const now = performance.now();
    const { timeout } = this.#limits;
    if (this.#started === 0 && timeout !== undefined) this.#deadline = now + timeout;
    this.#started = now;
    this.#heap = -1;
  }

  /** Called when the script has to wait, with the fuel that it has left; throws like `look`. */
  suspend(fuel: number): void {
    const now = performance.now();
    this.#used += now - this.#started;
    this.#started = now;
    this.#burn(this.slice - fuel);
    this.#checkTime(now);
  }

  /** Throws the `LuaStopError` of a limit that is passed. */
  look(): void {
    this.#checkTime(performance.now());
    if (this.#signal?.aborted) throw this.aborted();
    this.#burn(this.slice);
    const { memory } = this.#limits;
    if (memory !== undefined) this.#lookAtHeap(memory);
  }

  /** Throws the `LuaStopError` of a time limit that would be passed in `ms` milliseconds. */
  ahead(ms: number): void {
    this.#checkTime(performance.now() + ms);
  }

  #checkTime(now: number): void {
    const { cpu } = this.#limits;
    if (cpu !== undefined && this.#used + now - this.#started > cpu) {
      throw new LuaStopError('cpu', `script computed for more than ${cpu} ms`);
    }
    if (now > this.#deadline) throw this.timeout();
  }

  #burn(steps: number): void {
    this.#fuel -= steps;
    if (this.#fuel <= 0) {
      throw new LuaStopError('fuel', `script took more than ${this.#limits.fuel} steps`);
    }
  }

  timeout(): LuaStopError {
    return new LuaStopError('deadline', `script wasn't done after ${this.#limits.timeout} ms`);
  }

  aborted(): LuaStopError {
    return new LuaStopError('aborted', 'script was aborted by its caller', this.#signal?.reason);
  }

  /** `bytes` of new string or table at once. */
  grow(bytes: number): void {
    if (bytes * this.slice > PER_SLICE) {
      this.slice = Math.max(FEWEST, Math.floor(PER_SLICE / bytes));
    }
    this.#grown += bytes;
    const { memory } = this.#limits;
    if (memory === undefined) return;
    if (bytes > memory) throw this.#outOfMemory(memory);
    if (this.#grown >= Math.min(LOOK_EVERY, memory / 4)) this.#lookAtHeap(memory);
  }

  /** What the heap grew by between two looks is this script's: nothing else runs in between. */
  #lookAtHeap(memory: number): void {
    const heap = getHeapStatistics().used_heap_size;
    if (this.#heap >= 0) this.#owned = Math.max(0, this.#owned + heap - this.#heap);
    else this.#owned += this.#grown;
    this.#heap = heap;
    this.#grown = 0;
    if (this.#owned > memory) throw this.#outOfMemory(memory);
  }

  #outOfMemory(memory: number): LuaStopError {
    return new LuaStopError('memory', `script took more than ${memory} bytes`);
  }
}
