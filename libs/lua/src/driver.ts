import { Budget } from './budget.ts';
import { invoke, many } from './call.ts';
import type { CallOptions } from './call-options.ts';
import { exhausted, LuaError, LuaStopError, luaError } from './errors.ts';
import { HostContext } from './host-context.ts';
import { type Runtime, SLICE } from './runtime.ts';
import { advance, begin, ENDED, enter, leave, STACK_ROOM } from './stretch.ts';
import { LuaThread } from './thread.ts';
import { traceback } from './traceback.ts';
import type { LuaValue } from './value.ts';

/** One call from the host: runs the main thread, waits for what host functions wait for, and keeps to the limits. */
export class Driver {
  readonly #rt: Runtime;
  readonly #budget: Budget;
  readonly #context: HostContext;
  readonly #signal: AbortSignal | undefined;
  readonly #main: LuaThread;
  #thread: LuaThread;
  #resolve!: (values: LuaValue[]) => void;
  #reject!: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #done = false;
  #watching = false;
  readonly #abort = (): void => this.#fail(this.#budget.aborted());

  constructor(rt: Runtime, options: CallOptions) {
    this.#rt = rt;
    this.#budget = new Budget(options.limits ?? {}, options.signal);
    this.#signal = options.signal;
    this.#context = new HostContext(rt, this.#budget, options);
    this.#main = new LuaThread(undefined, true);
    this.#main.status = 'running';
    this.#thread = this.#main;
  }

  /** Calls `f`. Rejects with `LuaError`, `LuaStopError`, or what a host function was rejected with as `cause`. */
  run(f: LuaValue, args: LuaValue[]): Promise<LuaValue[]> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      if (this.#signal?.aborted) this.#fail(this.#budget.aborted());
      else this.#step(undefined, false, invoke(this.#rt, f, args));
    });
  }

  #step(sent: unknown, failed: boolean, start?: ReturnType<typeof invoke>): void {
    if (this.#done) return;
    const rt = this.#rt;
    const before = { thread: rt.thread, budget: rt.budget, context: rt.context, fuel: rt.fuel };
    leave(rt);
    rt.budget = this.#budget;
    rt.context = this.#context;
    rt.fuel = SLICE;
    this.#budget.resume();
    enter(rt, this.#thread, this.#thread.room === 0 ? STACK_ROOM : this.#thread.room);
    if (start !== undefined) begin(rt, this.#main, start);
    let suspension: unknown;
    try {
      suspension = advance(rt, this.#main, sent, failed);
    } catch (error) {
      this.#fail(this.#describe(error));
      return;
    } finally {
      this.#budget.suspend();
      leave(rt);
      this.#thread = rt.thread;
      rt.budget = before.budget;
      rt.context = before.context;
      rt.fuel = before.fuel;
      enter(rt, before.thread, before.thread.room);
    }
    if (suspension === ENDED) this.#succeed(many(this.#main.result));
    else this.#wait(suspension as PromiseLike<unknown>);
  }

  #wait(promise: PromiseLike<unknown>): void {
    if (!this.#watching) this.#watch();
    promise.then(
      (value) => this.#step(value, false),
      (error) => this.#step(error, true),
    );
  }

  /** From the first wait on, time-out and signal have to be heard while no Lua runs. */
  #watch(): void {
    this.#watching = true;
    this.#signal?.addEventListener('abort', this.#abort, { once: true });
    const { left } = this.#budget;
    if (left !== Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(() => this.#fail(this.#budget.timeout()), Math.max(0, left));
    }
  }

  #describe(error: unknown): unknown {
    const rt = this.#rt;
    if (error instanceof RangeError) return luaError(exhausted(error), error);
    if (error instanceof LuaError) error.traceback ??= traceback(rt, rt.depth);
    return error;
  }

  #succeed(values: LuaValue[]): void {
    this.#end();
    this.#resolve(values);
  }

  #fail(error: unknown): void {
    if (this.#done) return;
    this.#end();
    if (error instanceof LuaStopError) this.#context.stop(error);
    this.#reject(error);
  }

  #end(): void {
    this.#done = true;
    clearTimeout(this.#timer);
    if (this.#watching) this.#signal?.removeEventListener('abort', this.#abort);
  }
}
