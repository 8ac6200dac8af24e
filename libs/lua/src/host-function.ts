import { plain } from './builtin.ts';
import type { Builtin, Running } from './function.ts';
import type { HostContext } from './host-context.ts';
import { hostError } from './host-error.ts';
import type { Runtime } from './runtime.ts';
import { Deferred, Pending } from './suspension.ts';
import type { LuaResult, LuaValue } from './value.ts';

/**
 * A function of the host: gets the arguments, gives one value, an array of none or several, or a promise of that. What it throws or
 * rejects with is an error of Lua at the place of the call: a `LuaError`'s value as it is, of other errors the message.
 */
export type HostFunction = (
  context: HostContext,
  args: LuaValue[],
) => LuaResult | PromiseLike<LuaResult>;

/**
 * A function of the host that calls Lua: `const [v] = yield* context.call(f, args)`; waits with `yield* context.wait(promise)`.
 */
export type HostGenerator = (context: HostContext, args: LuaValue[]) => Running;

/** Makes a function of the host callable from Lua. */
export function hostFunction(name: string, fn: HostFunction): Builtin {
  return plain(name, (rt, ...args) => {
    let result: LuaResult | PromiseLike<LuaResult>;
    try {
      result = fn(contextOf(rt), args);
    } catch (error) {
      throw hostError(rt, error);
    }
    return typeof result !== 'object' || Array.isArray(result) ? result : hostResult(result);
  });
}

/** Makes a function of the host that itself calls Lua callable from Lua. */
export function hostGenerator(name: string, fn: HostGenerator): Builtin {
  const builtin: Builtin = plain(
    name,
    (rt, ...args) => new Deferred(running(rt, fn, args), builtin, args.length),
  );
  return builtin;
}

function* running(rt: Runtime, fn: HostGenerator, args: LuaValue[]): Running {
  try {
    return yield* fn(contextOf(rt), args);
  } catch (error) {
    throw hostError(rt, error);
  }
}

function contextOf(rt: Runtime): HostContext {
  if (rt.context === undefined) throw new Error('a host function was called outside a call');
  return rt.context;
}

/** A host function's result: as it is, or a promise to be waited for. */
export function hostResult(result: LuaResult | PromiseLike<LuaResult>): LuaResult {
  if (!isThenable(result)) return result;
  return new Pending(result);
}

function isThenable(value: unknown): value is PromiseLike<LuaResult> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}
