import {
  checkInteger,
  checkTable,
  optionalInteger,
  optionalString,
  typeMismatch,
} from '../arguments.ts';
import { calling, plain } from '../builtin.ts';
import { Builtin, LuaFunction, type Running } from '../function.ts';
import type { Runtime } from '../runtime.ts';
import type { LuaTable } from '../table.ts';
import { type LuaValue, NONE, typeName } from '../value.ts';
import { sort } from './sort.ts';

const insert = plain('insert', (rt, ...args) => {
  const table = checkTable(rt, args[0], 1);
  const end = table.length() + 1;
  if (args.length === 2) {
    table.set(end, args[1]);
    return NONE;
  }
  if (args.length !== 3) throw rt.error("wrong number of arguments to 'insert'");
  const place = checkInteger(rt, args[1], 2);
  const value = args[2];
  if (place >= 1 && place < end && value !== undefined) {
    table.arr.splice(place - 1, 0, value);
    charge(rt, end - place);
    return NONE;
  }
  const last = Math.max(end, place);
  for (let i = last; i > place; i -= 1) {
    charge(rt, 1);
    table.set(i, table.get(i - 1));
  }
  table.set(place, value);
  return NONE;
});

/** Moving elements is work like any other. */
function charge(rt: Runtime, moved: number): void {
  rt.fuel -= moved >> 3;
  if (rt.fuel < 0) rt.tick();
}

const remove = plain('remove', (rt, t, position) => {
  const table = checkTable(rt, t, 1);
  const end = table.length();
  const place = optionalInteger(rt, position, 2, end);
  if (place < 1 || place > end) return NONE;
  const value = table.get(place);
  if (place === end) {
    table.set(end, undefined);
    return value;
  }
  table.arr.splice(place - 1, 1);
  charge(rt, end - place);
  return value;
});

const concat = plain('concat', (rt, t, separator, first, last) => {
  // The separator first, as PUC does: where both are wrong it is the one complained of.
  const between = optionalString(rt, separator, 2, '');
  const table = checkTable(rt, t, 1);
  const from = optionalInteger(rt, first, 3, 1);
  const to = last === undefined ? table.length() : checkInteger(rt, last, 4);
  const parts: string[] = [];
  let size = 0;
  for (let i = from; i <= to; i += 1) {
    const value = table.get(i);
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw rt.error(`invalid value (${typeName(value)}) at index ${i} in table for 'concat'`);
    }
    const text = typeof value === 'number' ? rt.numberText(value) : value;
    size += text.length + between.length;
    parts.push(text);
    rt.fuel -= 1;
    if (rt.fuel < 0) rt.tick();
  }
  rt.grow(size);
  return parts.join(between);
});

const getn = plain('getn', (rt, t) => checkTable(rt, t, 1).length());

const setn = plain('setn', (rt, t) => {
  checkTable(rt, t, 1);
  throw rt.error("'setn' is obsolete");
});

const maxn = plain('maxn', (rt, t) => {
  const table = checkTable(rt, t, 1);
  let max = table.arr.length;
  table.keys.forEach((key, i) => {
    if (typeof key === 'number' && key > max && table.vals[i] !== undefined) max = key;
  });
  return max;
});

function checkFunction(rt: Runtime, f: LuaValue): LuaValue {
  if (f instanceof LuaFunction || f instanceof Builtin) return f;
  throw typeMismatch(rt, 2, 'function', f);
}

const foreach = calling('foreach', function* (rt, t, f): Running {
  const table = checkTable(rt, t, 1);
  checkFunction(rt, f);
  for (let place = table.after(undefined); place >= 0; ) {
    const key = table.keyAt(place);
    const result = yield* rt.call1(f, [key, table.valueAt(place)]);
    if (result !== undefined) return result;
    place = table.after(key);
  }
  return NONE;
});

const foreachi = calling('foreachi', function* (rt, t, f): Running {
  const table: LuaTable = checkTable(rt, t, 1);
  const end = table.length();
  checkFunction(rt, f);
  for (let i = 1; i <= end; i += 1) {
    const result = yield* rt.call1(f, [i, table.get(i)]);
    if (result !== undefined) return result;
  }
  return NONE;
});

export const TABLE = { concat, foreach, foreachi, getn, insert, maxn, remove, setn, sort };
