import { Budget } from './budget.ts';
import { invoke, many } from './call.ts';
import type { CallOptions } from './call-options.ts';
import { exhausted, LuaError, LuaStopError, luaError } from './errors.ts';
import { LuaFunction } from './function.ts';
import { HostContext } from './host-context.ts';
import type { Runtime } from './runtime.ts';
import { advance, begin, ENDED, enter, leave, STACK_ROOM } from './stretch.ts';
import { LuaThread } from './thread.ts';
import { traceback } from './traceback.ts';
import { type LuaValue, NONE } from './value.ts';

const FAILED: unique symbol = Symbol('failed');
/** Longest that a timer can wait. */
const LONGEST = 2 ** 31 - 1;

/** One call from the host: runs the main thread, waits for what host functions wait for, and keeps to the limits. */
export class Driver {
  readonly #rt: Runtime;
  readonly #budget: Budget;
  readonly #context: HostContext;
  readonly #signal: AbortSignal | undefined;
  readonly #main: LuaThread;
  #thread: LuaThread;
  #waiter: PromiseWithResolvers<LuaValue[]> | undefined;
  #values: LuaValue[] = NONE;
  #error: unknown;
  #failed = false;
  #timer: NodeJS.Timeout | undefined;
  #done = false;
  #watching = false;
  #abort: (() => void) | undefined;

  constructor(rt: Runtime, options: CallOptions) {
    this.#rt = rt;
    this.#budget = new Budget(options.limits ?? {}, options.signal);
    this.#signal = options.signal;
    this.#context = new HostContext(rt, this.#budget, options);
    this.#main = rt.spare.pop() ?? new LuaThread(undefined, true);
    this.#main.status = 'running';
    this.#main.room = STACK_ROOM;
    this.#thread = this.#main;
  }

  /** Calls `f`. Rejects with `LuaError`, `LuaStopError`, or what a host function was rejected with as `cause`. */
  run(f: LuaValue, args: LuaValue[]): Promise<LuaValue[]> {
    if (this.#signal?.aborted) return Promise.reject(this.#budget.aborted());
    const start = f instanceof LuaFunction ? f.code(f, ...args) : invoke(this.#rt, f, args);
    this.#step(undefined, false, start);
    // Most calls are done by now: they need no promise that somebody resolves.
    if (this.#failed) return Promise.reject(this.#error);
    if (this.#done) return Promise.resolve(this.#values);
    this.#waiter = Promise.withResolvers();
    return this.#waiter.promise;
  }

  #step(sent: unknown, failed: boolean, start?: ReturnType<typeof invoke>): void {
    if (this.#done) return;
    const rt = this.#rt;
    const main = this.#main;
    const budget = this.#budget;
    // A host function may call Lua while Lua runs: what ran goes on afterwards.
    const { thread, budget: outer, context, fuel } = rt;
    leave(rt);
    rt.budget = budget;
    rt.context = this.#context;
    rt.fuel = budget.slice;
    budget.resume();
    enter(rt, this.#thread, this.#thread.room);
    if (start !== undefined) begin(rt, main, start);
    let suspension: unknown;
    let error: unknown;
    try {
      suspension = advance(rt, main, sent, failed);
      if (suspension !== ENDED) budget.suspend(rt.fuel);
    } catch (thrown) {
      suspension = FAILED;
      error = this.#describe(thrown);
    }
    leave(rt);
    this.#thread = rt.thread;
    rt.budget = outer;
    rt.context = context;
    rt.fuel = fuel;
    enter(rt, thread, thread.room);
    if (suspension === ENDED) this.#succeed(many(main.result));
    else if (suspension === FAILED) this.#fail(error);
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
    if (this.#signal !== undefined) {
      this.#abort = () => this.#fail(this.#budget.aborted());
      this.#signal.addEventListener('abort', this.#abort, { once: true });
    }
    const { left } = this.#budget;
    if (left !== Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(
        () => this.#fail(this.#budget.timeout()),
        Math.min(Math.max(0, left), LONGEST),
      );
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
    recycle(this.#rt, this.#main);
    this.#values = values;
    this.#waiter?.resolve(values);
  }

  #fail(error: unknown): void {
    if (this.#done) return;
    this.#end();
    if (error instanceof LuaStopError) this.#context.stop(error);
    this.#error = error;
    this.#failed = true;
    this.#waiter?.reject(error);
  }

  #end(): void {
    this.#done = true;
    if (!this.#watching) return;
    clearTimeout(this.#timer);
    if (this.#abort !== undefined) this.#signal?.removeEventListener('abort', this.#abort);
  }
}

/** Threads kept for the next calls of an environment, and how long a chain of calls one may have had. */
const SPARE = 16;
const SPARE_DEPTH = 64;

/** A main thread that has ended can serve another call: making its arrays costs more than all the rest. */
function recycle(rt: Runtime, thread: LuaThread): void {
  if (rt.spare.length >= SPARE || thread.fns.length > SPARE_DEPTH) return;
  thread.depth = 0;
  thread.result = undefined;
  thread.fns.length = 1;
  rt.spare.push(thread);
}
