import { Builtin, LuaFunction, type Running } from './function.ts';
import { hostError } from './host-error.ts';
import { metamethod } from './metatable.ts';
import type { Runtime } from './runtime.ts';
import { Deeper, Deferred, Pending, Special, TailCall } from './suspension.ts';
import type { LuaResult, LuaValue } from './value.ts';

/** Goes on with a generator that has suspended with `first`. */
export function* rest(running: Running, first: unknown): Running {
  let suspension = first;
  for (;;) {
    let step: IteratorResult<unknown, LuaResult>;
    let sent: LuaValue[];
    try {
      sent = yield suspension;
    } catch (error) {
      step = running.throw(error);
      if (step.done) return step.value;
      suspension = step.value;
      continue;
    }
    step = running.next(sent);
    if (step.done) return step.value;
    suspension = step.value;
  }
}

/** Waits for a result that isn't there yet. */
export function* finish(rt: Runtime, special: LuaResult): Running {
  let result = special;
  while (result instanceof Special) {
    if (result instanceof TailCall) {
      const { callee, args } = result;
      result = yield* callee.code(callee, ...args);
    } else if (result instanceof Deferred) {
      const depth = rt.depth + 1;
      if (depth > rt.maxDepth) throw rt.runError('stack overflow');
      rt.depth = depth;
      rt.fns[depth] = result.builtin;
      rt.pos[depth] = 0;
      rt.argc = result.argc;
      result = depth > rt.limit ? yield new Deeper(result.running) : yield* result.running;
      rt.depth = depth - 1;
    } else {
      try {
        result = yield (result as Pending).promise;
      } catch (error) {
        throw hostError(rt, error);
      }
    }
  }
  return result;
}

/** All values of a result. */
export function many(result: LuaResult): LuaValue[] {
  return Array.isArray(result) ? result : [result];
}

/** The first value of a result. */
export function one(result: LuaResult): LuaValue {
  return Array.isArray(result) ? result[0] : result;
}

/** Calls any value, from a builtin or for a metamethod. */
export function* invoke(rt: Runtime, f: LuaValue, args: LuaValue[]): Running {
  let result: LuaResult;
  if (f instanceof LuaFunction) {
    result = yield* f.code(f, ...args);
  } else if (f instanceof Builtin) {
    // On the chain of calls while it runs, so that its errors don't take the position of whoever is below.
    const depth = rt.depth + 1;
    rt.depth = depth;
    rt.fns[depth] = f;
    rt.pos[depth] = 0;
    rt.argc = args.length;
    result = f.fn(rt, ...args);
    if (result instanceof Pending) result = yield* finish(rt, result);
    rt.depth = depth - 1;
  } else {
    const handler = metamethod(rt, f, '__call');
    if (!(handler instanceof LuaFunction || handler instanceof Builtin)) {
      throw rt.typeError('call', f, '', '');
    }
    return yield* invoke(rt, handler, [f, ...args]);
  }
  return result instanceof Special ? yield* finish(rt, result) : result;
}

/** A call in Lua of what isn't a function. The call's site has been noted. */
export function* callValue(rt: Runtime, f: LuaValue, args: LuaValue[]): Running {
  const handler = metamethod(rt, f, '__call');
  if (!(handler instanceof LuaFunction || handler instanceof Builtin)) {
    if (rt.mode === 'gopher') throw rt.runError('attempt to call a non-function object');
    const site = rt.siteAt(rt.depth);
    const named = site !== undefined && !site.name.startsWith('(');
    throw rt.typeError('call', f, named ? site.what : '', named ? site.name : '');
  }
  rt.argc = args.length + 1;
  return yield* invoke(rt, handler, [f, ...args]);
}

/** The prologue of a Lua function found no room: either the script is too deep, or only the JavaScript stack. */
export function* overflow(rt: Runtime, self: LuaFunction, args: LuaValue[]): Running {
  rt.depth -= 1;
  if (rt.depth >= rt.maxDepth) throw rt.runError('stack overflow');
  return yield new Deeper(self.code(self, ...args));
}
