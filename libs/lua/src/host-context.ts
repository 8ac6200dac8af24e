import type { Budget } from './budget.ts';
import type { CallOptions } from './call-options.ts';
import type { Running } from './function.ts';
import type { Runtime } from './runtime.ts';
import type { LuaTable } from './table.ts';
import { traceback } from './traceback.ts';
import type { LuaValue } from './value.ts';

/** What a host function may know about the call from the host that it runs in. */
export class HostContext {
  readonly data: unknown;
  readonly #rt: Runtime;
  readonly #budget: Budget;
  #controller: AbortController | undefined;
  #stopped: unknown;

  constructor(rt: Runtime, budget: Budget, options: CallOptions) {
    this.#rt = rt;
    this.#budget = budget;
    this.data = options.data;
  }

  /** Aborts when the script is ended by its time-out or its caller. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#stopped !== undefined) this.#controller.abort(this.#stopped);
    }
    return this.#controller.signal;
  }

  /** Milliseconds left until the time-out; infinite without one. */
  get timeLeft(): number {
    return this.#budget.left;
  }

  get globals(): LuaTable {
    return this.#rt.globals;
  }

  /** The call chain of the script, as `debug.traceback` words it. */
  traceback(): string {
    return traceback(this.#rt, this.#rt.depth);
  }

  /** Calls Lua from a `hostGenerator`: all its results. */
  call(f: LuaValue, args: LuaValue[]): Running<LuaValue[]> {
    return this.#rt.call(f, args);
  }

  /** Waits in a `hostGenerator`. */
  *wait<T>(promise: PromiseLike<T>): Running<T> {
    let settled: T | undefined;
    yield promise.then((value) => {
      settled = value;
    });
    return settled as T;
  }

  /** For the driver: ends what host functions wait for. */
  stop(reason: unknown): void {
    this.#stopped = reason;
    this.#controller?.abort(reason);
  }
}
