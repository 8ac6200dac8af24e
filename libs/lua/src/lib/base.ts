import { getHeapStatistics } from 'node:v8';
import {
  checkAny,
  checkInteger,
  checkNumber,
  checkString,
  checkTable,
  optionalInteger,
  toNumber,
} from '../arguments.ts';
import { plain } from '../builtin.ts';
import { luaError } from '../errors.ts';
import { Builtin, LuaFunction } from '../function.ts';
import { metatableOf } from '../metatable.ts';
import { textToUnsigned } from '../strings/text-number.ts';
import { LuaTable } from '../table.ts';
import { Userdata } from '../userdata.ts';
import { type LuaValue, NONE, typeName } from '../value.ts';
import { ipairs, next, pairs } from './iteration.ts';
import { pcall, xpcall } from './pcall.ts';
import { print, tostring } from './text.ts';

/** Values that `unpack` gives at most (LUAI_MAXCSTACK). */
const MAX_UNPACKED = 8000;

const assert = plain('assert', (rt, ...args) => {
  const [value, message] = args;
  checkAny(rt, value, 1);
  if (value !== undefined && value !== false) return args;
  if (message !== undefined) {
    if (rt.mode === 'gopher') throw luaError(message);
    // PUC hands the message to C's `%s`.
    throw rt.error(checkString(rt, message, 2).replace(/\0.*/s, ''));
  }
  throw rt.error('assertion failed!');
});

const error = plain('error', (rt, value, level) => {
  const up = optionalInteger(rt, level, 2, 1);
  const text = typeof value === 'number' ? rt.numberText(value) : value;
  if (typeof text === 'string' && up > 0) throw luaError(rt.where(up) + text);
  throw luaError(value);
});

const type = plain('type', (rt, value) => {
  if (value === undefined) checkAny(rt, value, 1);
  return typeName(value);
});

const tonumber = plain('tonumber', (rt, value, base) => {
  const radix = optionalInteger(rt, base, 2, 10);
  if (radix === 10) {
    if (value === undefined) checkAny(rt, value, 1);
    return toNumber(rt, value);
  }
  const text = checkString(rt, value, 1);
  if (radix < 2 || radix > 36) throw rt.argError(2, 'base out of range');
  rt.fuel -= text.length >> 1;
  return textToUnsigned(text, radix);
});

const rawequal = plain('rawequal', (rt, a, b) => {
  checkAny(rt, a, 1);
  checkAny(rt, b, 2);
  return a === b;
});

const rawget = plain('rawget', (rt, t, key) => {
  const table = checkTable(rt, t, 1);
  checkAny(rt, key, 2);
  return table.get(key);
});

const rawset = plain('rawset', (rt, t, key, value) => {
  const table = checkTable(rt, t, 1);
  checkAny(rt, key, 2);
  checkAny(rt, value, 3);
  if (key === undefined) throw luaError('table index is nil');
  if (Number.isNaN(key)) throw luaError('table index is NaN');
  table.set(key, value);
  return table;
});

const getmetatable = plain('getmetatable', (rt, value) => {
  checkAny(rt, value, 1);
  const mt = metatableOf(rt, value);
  return mt === null ? undefined : (mt.get('__metatable') ?? mt);
});

const setmetatable = plain('setmetatable', (rt, t, mt) => {
  const table = checkTable(rt, t, 1);
  if (mt !== undefined && !(mt instanceof LuaTable)) throw rt.argError(2, 'nil or table expected');
  if (mt === undefined && rt.argumentCount() < 2) throw rt.argError(2, 'nil or table expected');
  if (table.mt?.get('__metatable') !== undefined)
    throw rt.error('cannot change a protected metatable');
  table.mt = mt ?? null;
  return table;
});

const select = plain('select', (rt, n, ...rest) => {
  rt.fuel -= rest.length >> 4;
  if (rt.fuel < 0) rt.tick();
  if (n === '#') return rest.length;
  const index = checkInteger(rt, n, 1);
  if (index < 0) {
    if (-index > rest.length) throw rt.argError(1, 'index out of range');
    return rest.slice(rest.length + index);
  }
  if (index === 0) throw rt.argError(1, 'index out of range');
  return rest.slice(index - 1);
});

const unpack = plain('unpack', (rt, t, first, last) => {
  const table = checkTable(rt, t, 1);
  const from = optionalInteger(rt, first, 2, 1);
  const to = last === undefined ? table.length() : checkInteger(rt, last, 3);
  if (from > to) return NONE;
  if (to - from + 1 >= MAX_UNPACKED) throw rt.error('too many results to unpack');
  rt.fuel -= (to - from) >> 4;
  if (rt.fuel < 0) rt.tick();
  const values: LuaValue[] = [];
  for (let i = from; i <= to; i += 1) values.push(table.get(i));
  return values;
});

const collectgarbage = plain('collectgarbage', (rt, option, argument) => {
  const what = option === undefined ? 'collect' : checkString(rt, option, 1);
  if (argument !== undefined) checkNumber(rt, argument, 2);
  switch (what) {
    case 'count':
      // Kilobytes. The heap is JavaScript's and shared: this is its size, which says little about the script.
      return getHeapStatistics().used_heap_size / 1024;
    case 'step':
      return true;
    case 'collect':
    case 'stop':
    case 'restart':
    case 'setpause':
    case 'setstepmul':
      return 0;
    default:
      throw rt.argError(1, `invalid option '${what}'`);
  }
});

const gcinfo = plain('gcinfo', () => Math.floor(getHeapStatistics().used_heap_size / 1024));

const newproxy = plain('newproxy', (rt, model) => {
  if (model === undefined || model === false) return new Userdata(undefined);
  if (model === true) return new Userdata(undefined, new LuaTable());
  if (model instanceof Userdata && model.mt !== null) return new Userdata(undefined, model.mt);
  throw rt.argError(1, 'boolean or proxy expected');
});

/** The function that `getfenv` and `setfenv` mean by a level or a function; undefined for level 0. */
function target(
  rt: Parameters<Builtin['fn']>[0],
  value: LuaValue,
  absent: number,
): LuaFunction | Builtin | undefined {
  if (value instanceof LuaFunction || value instanceof Builtin) return value;
  const level = value === undefined && absent >= 0 ? absent : checkInteger(rt, value, 1);
  if (level < 0) throw rt.argError(1, 'level must be non-negative');
  if (level === 0) return undefined;
  const depth = rt.callerDepth() - level + 1;
  const found = depth > 0 ? rt.fns[depth] : undefined;
  if (found === undefined) throw rt.argError(1, 'invalid level');
  if ((rt.pos[depth] ?? 0) < 0) {
    throw rt.error(`no function environment for tail call at level ${level}`);
  }
  return found;
}

const getfenv = plain('getfenv', (rt, f) => {
  const found = target(rt, f, 1);
  return found instanceof LuaFunction ? found.env : rt.globals;
});

const setfenv = plain('setfenv', (rt, f, t) => {
  const table = checkTable(rt, t, 2);
  if (typeof f !== 'number' && typeName(f) !== 'function') {
    checkNumber(rt, f, 1);
  }
  const found = target(rt, f, -1);
  if (found === undefined) {
    rt.globals = table;
    return NONE;
  }
  if (!(found instanceof LuaFunction)) {
    throw rt.error("'setfenv' cannot change environment of given object");
  }
  found.env = table;
  return found;
});

/** What `_G` holds besides the libraries, and besides what loads code. */
export const BASE: Readonly<Record<string, Builtin>> = {
  assert,
  collectgarbage,
  error,
  gcinfo,
  getfenv,
  getmetatable,
  ipairs,
  newproxy,
  next,
  pairs,
  pcall,
  print,
  rawequal,
  rawget,
  rawset,
  select,
  setfenv,
  setmetatable,
  tonumber,
  tostring,
  type,
  unpack,
  xpcall,
};
