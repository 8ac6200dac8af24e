import type { Builtin, LuaFunction, Running } from './function.ts';
import type { LuaValue } from './value.ts';

/**
 * A result that isn't there yet. Being an array, it costs a caller nothing to tell from a single value, and only
 * callers that found an array look further.
 */
export abstract class Special extends Array<LuaValue> {}

/** `return f(...)` left for the caller to do, so that tail calls don't pile up. */
export class TailCall extends Special {
  readonly callee: LuaFunction;
  readonly args: LuaValue[];

  constructor(callee: LuaFunction, args: LuaValue[]) {
    super();
    this.callee = callee;
    this.args = args;
  }
}

/** A builtin that has to call Lua: the rest of its work as a generator. */
export class Deferred extends Special {
  readonly running: Running;
  readonly builtin: Builtin | undefined;
  readonly argc: number;

  constructor(running: Running, builtin: Builtin | undefined, argc: number) {
    super();
    this.running = running;
    this.builtin = builtin;
    this.argc = argc;
  }
}

/** A host function that has to wait. */
export class Pending extends Special {
  readonly promise: PromiseLike<unknown>;

  constructor(promise: PromiseLike<unknown>) {
    super();
    this.promise = promise;
  }
}

/** Suspension: `coroutine.yield`, for the nearest resume. */
export class Yielded {
  readonly values: LuaValue[];

  constructor(values: LuaValue[]) {
    this.values = values;
  }
}

/** Suspension: go on with `running` on a fresh JavaScript stack, because the present one is deep. For the nearest resume or driver. */
export class Deeper {
  readonly running: Running;

  constructor(running: Running) {
    this.running = running;
  }
}
