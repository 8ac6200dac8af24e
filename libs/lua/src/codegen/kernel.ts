import { toNumber } from '../arguments.ts';
import { callValue, finish, invoke, many, one, overflow, rest } from '../call.ts';
import { equals, less, lessEqual, mayEqual } from '../comparison.ts';
import { concat, long, textOf } from '../concatenation.ts';
import { Box, Builtin, LuaFunction } from '../function.ts';
import { inext, next } from '../lib/iteration.ts';
import { metatableOf } from '../metatable.ts';
import { arith, index, len, look, MISS, setindex, unm } from '../operators.ts';
import type { Runtime } from '../runtime.ts';
import { Special, TailCall } from '../suspension.ts';
import { LuaTable, shapeOf } from '../table.ts';
import { Traversal } from '../traversal.ts';
import { type LuaValue, NONE } from '../value.ts';

/** Where a method was last found: in the object itself, or in its metatable's `__index` table. */
class MethodCache {
  own = 0;
  event = 0;
  inherited = 0;
}

/** `object:name`, as far as it needs no call; else `MISS`. */
function method(rt: Runtime, object: LuaValue, name: string, cache: MethodCache): LuaValue {
  let mt: LuaTable | null;
  if (object instanceof LuaTable) {
    const { own } = cache;
    if (object.keys[own] === name) {
      const value = object.vals[own];
      if (value !== undefined) return value;
    } else {
      const at = object.find(name);
      if (at >= 0) {
        cache.own = at;
        const value = object.vals[at];
        if (value !== undefined) return value;
      }
    }
    mt = object.mt;
  } else mt = metatableOf(rt, object);
  if (mt === null) return object instanceof LuaTable ? undefined : MISS;
  if (mt.keys[cache.event] !== '__index') cache.event = mt.place('__index');
  const holder = mt.keys[cache.event] === '__index' ? mt.vals[cache.event] : undefined;
  if (holder instanceof LuaTable) {
    const { inherited } = cache;
    if (holder.keys[inherited] !== name) cache.inherited = holder.place(name);
    if (holder.keys[cache.inherited] === name) {
      const value = holder.vals[cache.inherited];
      if (value !== undefined) return value;
    }
  }
  return look(rt, object, name);
}

/** Start, limit and step of a numeric `for` that aren't all numbers. */
function prepareFor(
  rt: Runtime,
  start: LuaValue,
  limit: LuaValue,
  step: LuaValue,
  pos: number,
): [number, number, number] {
  const a = toNumber(rt, start);
  const b = toNumber(rt, limit);
  const c = toNumber(rt, step);
  rt.pos[rt.depth] = pos;
  if (a === undefined) throw rt.runError("'for' initial value must be a number");
  if (b === undefined) throw rt.runError("'for' limit must be a number");
  if (c === undefined) throw rt.runError("'for' step must be a number");
  return [a, b, c];
}

/** A traversal in place of calls of `next` or of `ipairs`'s iterator; null for other iterators. */
function walk(rt: Runtime, f: LuaValue, state: LuaValue, control: LuaValue): Traversal | null {
  if (!(state instanceof LuaTable)) return null;
  if (f === next && control === undefined) return new Traversal(rt, state, undefined, false);
  return f === inext && typeof control === 'number'
    ? new Traversal(rt, state, control, true)
    : null;
}

/** An entry of a table constructor. */
function put(rt: Runtime, table: LuaTable, key: LuaValue, value: LuaValue, pos: number): void {
  if (key === undefined || Number.isNaN(key)) {
    rt.pos[rt.depth] = pos;
    throw rt.runError(key === undefined ? 'table index is nil' : 'table index is NaN');
  }
  table.set(key, value);
}

/** The open end of a table constructor's list. */
function append(table: LuaTable, count: number, values: LuaValue[]): void {
  for (let i = 0; i < values.length; i += 1) table.set(count + i + 1, values[i]);
}

/** The `arg` table of Lua 5.0. */
function argTable(values: LuaValue[]): LuaTable {
  const table = LuaTable.list(values.slice());
  table.put('n', values.length);
  return table;
}

/** What generated code sees of the engine, under the names it uses. */
export const KERNEL = {
  LF: LuaFunction,
  LT: LuaTable,
  BF: Builtin,
  BX: Box,
  SP: Special,
  TC: TailCall,
  MC: MethodCache,
  MISS,
  NONE,
  one,
  many,
  rest,
  fin: finish,
  overflow,
  call: callValue,
  invoke,
  look,
  index,
  setindex,
  arith,
  unm,
  len,
  eq: equals,
  mayEq: mayEqual,
  lt: less,
  le: lessEqual,
  concat,
  str: textOf,
  long,
  shape: shapeOf,
  method,
  prep: prepareFor,
  walk,
  put,
  append,
  argt: argTable,
};
