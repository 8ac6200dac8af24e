import { Builtin, type Running } from './function.ts';
import type { Runtime } from './runtime.ts';
import { Deferred } from './suspension.ts';
import type { LuaResult, LuaValue } from './value.ts';

/**
 * A library function that never calls Lua. It gets its arguments one by one (an absent one is `undefined`, like nil; `...args`
 * where the number matters) and returns one value, or an array of none or several.
 */
export function plain(name: string, fn: (rt: Runtime, ...args: LuaValue[]) => LuaResult): Builtin {
  return new Builtin(name, fn);
}

/** A library function that calls Lua: a generator that may `yield* rt.call(f, args)`. */
export function calling(
  name: string,
  body: (rt: Runtime, ...args: LuaValue[]) => Running,
): Builtin {
  const builtin: Builtin = new Builtin(
    name,
    (rt, ...args) => new Deferred(body(rt, ...args), builtin, args.length),
  );
  return builtin;
}

/**
 * For a `plain` function that turns out to need Lua only with some arguments (`gsub` with a function): the rest of its
 * work. `return later(self, running, argc)`.
 */
export function later(self: Builtin, running: Running, argc: number): LuaResult {
  return new Deferred(running, self, argc);
}
