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

/** The limits of one call from the host and what it has used of them. Looked at every `SLICE` steps of the script. */
export class Budget {
  readonly #limits: Limits;
  readonly #signal: AbortSignal | undefined;
  readonly #deadline: number;
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
    this.#started = performance.now();
    this.#deadline = this.#started + (limits.timeout ?? Number.POSITIVE_INFINITY);
  }

  /** Milliseconds of computing so far. */
  spent(): number {
    return this.#used + performance.now() - this.#started;
  }

  /** Milliseconds left until the time-out; infinite without one. */
  get left(): number {
    return this.#deadline - performance.now();
  }

  resume(): void {
    this.#started = performance.now();
    this.#heap = -1;
  }

  suspend(): void {
    this.#used += performance.now() - this.#started;
  }

  /** Throws the `LuaStopError` of a limit that is passed. */
  look(): void {
    const now = performance.now();
    const { cpu, memory } = this.#limits;
    if (cpu !== undefined && this.#used + now - this.#started > cpu) {
      throw new LuaStopError('cpu', `script computed for more than ${cpu} ms`);
    }
    if (now > this.#deadline) throw this.timeout();
    if (this.#signal?.aborted) throw this.aborted();
    this.#fuel -= SLICE;
    if (this.#fuel <= 0) {
      throw new LuaStopError('fuel', `script took more than ${this.#limits.fuel} steps`);
    }
    if (memory !== undefined) this.#lookAtHeap(memory);
  }

  timeout(): LuaStopError {
    return new LuaStopError('deadline', `script wasn't done after ${this.#limits.timeout} ms`);
  }

  aborted(): LuaStopError {
    return new LuaStopError('aborted', 'script was aborted by its caller', this.#signal?.reason);
  }

  /** `bytes` of new string or table at once. */
  grow(bytes: number): void {
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
