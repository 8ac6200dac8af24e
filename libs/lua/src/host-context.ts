import type { Budget } from './budget.ts';
import type { CallOptions } from './call-options.ts';
import type { Runtime } from './runtime.ts';
import type { LuaTable } from './table.ts';
import { traceback } from './traceback.ts';

/** What a host function may know about the call from the host that it runs in. */
export class HostContext {
  readonly data: unknown;
  readonly #rt: Runtime;
  readonly #budget: Budget;
  readonly #options: CallOptions;
  #controller: AbortController | undefined;
  #stopped: unknown;

  constructor(rt: Runtime, budget: Budget, options: CallOptions) {
    this.#rt = rt;
    this.#budget = budget;
    this.#options = options;
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

  /** For the driver: ends what host functions wait for. */
  stop(reason: unknown): void {
    this.#stopped = reason;
    this.#controller?.abort(reason);
  }
}
