import { toNumber } from './arguments.ts';
import { invoke, one } from './call.ts';
import { type ArithmeticOp, COMPUTE } from './compute.ts';
import { Builtin, LuaFunction, type Running, type Site } from './function.ts';
import { metamethod } from './metatable.ts';
import type { Runtime } from './runtime.ts';
import { LuaTable } from './table.ts';
import { Userdata } from './userdata.ts';
import { type LuaValue, typeName } from './value.ts';

/** Metatables that a lookup follows before it is called a loop. */
const MAX_LOOP = 100;

/** A lookup needs `index`: a metamethod has to be called, or an error raised. */
export const MISS: LuaValue = new Userdata('miss');

const isFunction = (value: LuaValue): value is LuaFunction | Builtin =>
  value instanceof LuaFunction || value instanceof Builtin;

/** Notes where an operation happens, for its errors and for tracebacks. */
function at(rt: Runtime, pos: number): Site | undefined {
  rt.pos[rt.depth] = pos;
  return rt.siteAt(rt.depth);
}

/** `object[key]` as far as it needs no call; else `MISS`. */
export function look(rt: Runtime, object: LuaValue, key: LuaValue): LuaValue {
  let o = object;
  for (let i = 0; i < MAX_LOOP; i += 1) {
    let handler: LuaValue;
    if (o instanceof LuaTable) {
      const value = o.get(key);
      if (value !== undefined || o.mt === null) return value;
      handler = o.mt.get('__index');
      if (handler === undefined) return undefined;
    } else {
      handler = metamethod(rt, o, '__index');
      if (handler === undefined) return MISS;
    }
    if (isFunction(handler)) return MISS;
    o = handler;
  }
  return MISS;
}

/** `object[key]`. */
export function* index(
  rt: Runtime,
  object: LuaValue,
  key: LuaValue,
  pos: number,
): Running<LuaValue> {
  at(rt, pos);
  let o = object;
  for (let i = 0; i < MAX_LOOP; i += 1) {
    let handler: LuaValue;
    if (o instanceof LuaTable) {
      const value = o.get(key);
      if (value !== undefined || o.mt === null) return value;
      handler = o.mt.get('__index');
      if (handler === undefined) return undefined;
    } else {
      handler = metamethod(rt, o, '__index');
      if (handler === undefined) throw indexError(rt, o, key, i === 0);
    }
    if (isFunction(handler)) return one(yield* invoke(rt, handler, [o, key]));
    o = handler;
  }
  throw rt.runError('loop in gettable');
}

function indexError(rt: Runtime, object: LuaValue, key: LuaValue, named: boolean): Error {
  if (rt.mode === 'gopher') {
    const text = typeof key === 'number' ? rt.numberText(key) : String(key ?? 'nil');
    return rt.runError(
      `attempt to index a non-table object(${typeName(object)}) with key '${text}'`,
    );
  }
  const site = named ? rt.siteAt(rt.depth) : undefined;
  return rt.typeError('index', object, site?.what ?? '', site?.name ?? '');
}

/** `object[key] = value`. */
export function* setindex(
  rt: Runtime,
  object: LuaValue,
  key: LuaValue,
  value: LuaValue,
  pos: number,
): Running<void> {
  at(rt, pos);
  let o = object;
  for (let i = 0; i < MAX_LOOP; i += 1) {
    let handler: LuaValue;
    if (o instanceof LuaTable) {
      if (o.mt === null || o.get(key) !== undefined) return assign(rt, o, key, value);
      handler = o.mt.get('__newindex');
      if (handler === undefined) return assign(rt, o, key, value);
    } else {
      handler = metamethod(rt, o, '__newindex');
      if (handler === undefined) throw indexError(rt, o, key, i === 0);
    }
    if (isFunction(handler)) {
      yield* invoke(rt, handler, [o, key, value]);
      return;
    }
    o = handler;
  }
  throw rt.runError('loop in settable');
}

function assign(rt: Runtime, table: LuaTable, key: LuaValue, value: LuaValue): void {
  if (key === undefined) throw rt.runError('table index is nil');
  if (Number.isNaN(key)) throw rt.runError('table index is NaN');
  table.set(key, value);
}

const EVENTS: Record<ArithmeticOp, string> = {
  '+': '__add',
  '-': '__sub',
  '*': '__mul',
  '/': '__div',
  '%': '__mod',
  '^': '__pow',
};

/** `left op right` when not both are numbers. */
export function* arith(
  rt: Runtime,
  op: ArithmeticOp,
  left: LuaValue,
  right: LuaValue,
  pos: number,
): Running<LuaValue> {
  const x = toNumber(rt, left);
  const y = toNumber(rt, right);
  if (x !== undefined && y !== undefined) return COMPUTE[op](x, y);
  const site = at(rt, pos);
  const handler = metamethod(rt, left, EVENTS[op]) ?? metamethod(rt, right, EVENTS[op]);
  if (handler !== undefined) return one(yield* invoke(rt, handler, [left, right]));
  if (rt.mode === 'gopher') {
    throw rt.runError(
      `cannot perform ${EVENTS[op].slice(2)} operation between ${typeName(left)} and ${typeName(right)}`,
    );
  }
  const operation = 'perform arithmetic on';
  if (x === undefined) throw rt.typeError(operation, left, site?.what ?? '', site?.name ?? '');
  throw rt.typeError(operation, right, site?.what2 ?? '', site?.name2 ?? '');
}

/** `-operand` when that isn't a number. */
export function* unm(rt: Runtime, operand: LuaValue, pos: number): Running<LuaValue> {
  const x = toNumber(rt, operand);
  if (x !== undefined) return -x;
  const site = at(rt, pos);
  const handler = metamethod(rt, operand, '__unm');
  if (handler !== undefined) return one(yield* invoke(rt, handler, [operand, operand]));
  throw rt.typeError('perform arithmetic on', operand, site?.what ?? '', site?.name ?? '');
}

/** `#operand` when that isn't a plain table or a string. */
export function* len(rt: Runtime, operand: LuaValue, pos: number): Running<LuaValue> {
  if (operand instanceof LuaTable && rt.mode === 'puc') return operand.length();
  const site = at(rt, pos);
  const handler = metamethod(rt, operand, '__len');
  if (handler !== undefined) return one(yield* invoke(rt, handler, [operand]));
  if (operand instanceof LuaTable) return operand.length();
  throw rt.typeError('get length of', operand, site?.what ?? '', site?.name ?? '');
}
