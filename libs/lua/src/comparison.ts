import { invoke, one } from './call.ts';
import type { Running } from './function.ts';
import { metamethod, metatableOf } from './metatable.ts';
import type { Runtime } from './runtime.ts';
import { LuaTable } from './table.ts';
import { Userdata } from './userdata.ts';
import { type LuaValue, typeName } from './value.ts';

export const truthy = (value: LuaValue): boolean => value !== undefined && value !== false;

/** Whether two different values might still be equal by `__eq`. */
export function mayEqual(a: LuaValue, b: LuaValue): boolean {
  return a instanceof LuaTable
    ? a.mt !== null && b instanceof LuaTable && b.mt !== null
    : a instanceof Userdata && a.mt !== null && b instanceof Userdata && b.mt !== null;
}

/** `__eq` of two values that `mayEqual`. */
export function* equals(rt: Runtime, a: LuaValue, b: LuaValue, pos: number): Running<boolean> {
  rt.pos[rt.depth] = pos;
  const handler = metatableOf(rt, a)?.get('__eq');
  if (handler === undefined || handler !== metatableOf(rt, b)?.get('__eq')) return false;
  return truthy(one(yield* invoke(rt, handler, [a, b])));
}

/** `a < b`. `pos` 0: for a builtin, which has no position of its own. */
export function* less(rt: Runtime, a: LuaValue, b: LuaValue, pos: number): Running<boolean> {
  if (typeof a === 'number' && typeof b === 'number') return a < b;
  if (typeof a === 'string' && typeof b === 'string') {
    rt.fuel -= Math.min(a.length, b.length) >> 8;
    return a < b;
  }
  rt.pos[rt.depth] = pos;
  const handler = sameHandler(rt, a, b, '__lt');
  if (handler === undefined) throw orderError(rt, a, b);
  return truthy(one(yield* invoke(rt, handler, [a, b])));
}

/** `a <= b`; by `not (b < a)` where there is no `__le`. */
export function* lessEqual(rt: Runtime, a: LuaValue, b: LuaValue, pos: number): Running<boolean> {
  if (typeof a === 'number' && typeof b === 'number') return a <= b;
  if (typeof a === 'string' && typeof b === 'string') {
    rt.fuel -= Math.min(a.length, b.length) >> 8;
    return a <= b;
  }
  rt.pos[rt.depth] = pos;
  const handler = sameHandler(rt, a, b, '__le');
  if (handler !== undefined) return truthy(one(yield* invoke(rt, handler, [a, b])));
  const reverse = sameHandler(rt, b, a, '__lt');
  if (reverse === undefined) throw orderError(rt, a, b);
  return !truthy(one(yield* invoke(rt, reverse, [b, a])));
}

/** The metamethod that both operands have; order isn't defined between those that differ. */
function sameHandler(rt: Runtime, a: LuaValue, b: LuaValue, event: string): LuaValue {
  if (typeName(a) !== typeName(b)) return undefined;
  const handler = metamethod(rt, a, event);
  return handler !== undefined && handler === metamethod(rt, b, event) ? handler : undefined;
}

function orderError(rt: Runtime, a: LuaValue, b: LuaValue): Error {
  const left = typeName(a);
  const right = typeName(b);
  if (left === right) return rt.runError(`attempt to compare two ${left} values`);
  return rt.runError(`attempt to compare ${left} with ${right}`);
}
