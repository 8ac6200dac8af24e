import { checkTable, typeMismatch } from '../arguments.ts';
import { later, plain } from '../builtin.ts';
import { finish, one, rest } from '../call.ts';
import { less as lessThan, truthy } from '../comparison.ts';
import { Builtin, LuaFunction, type Running } from '../function.ts';
import type { Runtime } from '../runtime.ts';
import { Special } from '../suspension.ts';
import type { LuaTable } from '../table.ts';
import { type LuaResult, type LuaValue, NONE } from '../value.ts';
import { ordered, short, sortPlainly } from './plain-sort.ts';

/**
 * `table.sort (table [, less])`. Numbers and strings alone need no Lua; else a quicksort that compares the same elements in the same
 * order as PUC's, so that equal elements end up in the same places and a comparator without order is found out alike.
 */
export const sort: Builtin = plain('sort', (rt, t, f) => {
  const table = checkTable(rt, t, 1);
  if (f !== undefined && !(f instanceof LuaFunction) && !(f instanceof Builtin)) {
    throw typeMismatch(rt, 2, 'function', f);
  }
  const n = table.length();
  if (n < 2) return NONE;
  const { arr } = table;
  if (f === undefined && (ordered(arr) || short(arr))) {
    // No comparison calls anybody, and all ways of sorting end alike.
    sortPlainly(rt, arr as (number | string)[]);
    return NONE;
  }
  return later(sort, sortCalling(rt, table, f), rt.argumentCount());
});

type Order = LuaFunction | Builtin | undefined;

function* sortCalling(rt: Runtime, table: LuaTable, f: Order): Running {
  const values = table.arr.slice();
  try {
    yield* quicksort(rt, values, f);
  } finally {
    // Also what an error left half done is seen, as in PUC.
    for (let i = 0; i < values.length; i += 1) table.set(i + 1, values[i]);
  }
  return NONE;
}

function swap(values: LuaValue[], i: number, j: number): void {
  const value = values[i];
  values[i] = values[j];
  values[j] = value;
}

/** Sorts by the median of first, middle and last; the smaller part first, as the larger one can wait on the stack. */
function* quicksort(rt: Runtime, values: LuaValue[], f: Order): Running {
  const waiting: [from: number, to: number][] = [[0, values.length - 1]];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    const [from, to] = part;
    if (from >= to) continue;
    if (yield* before(rt, f, values[to], values[from])) swap(values, from, to);
    if (to - from === 1) continue;
    // Counted from 1, the middle is rounded down.
    const middle = Math.floor((from + to + 2) / 2) - 1;
    if (yield* before(rt, f, values[middle], values[from])) swap(values, middle, from);
    else if (yield* before(rt, f, values[to], values[middle])) swap(values, middle, to);
    if (to - from === 2) continue;
    const pivot = values[middle];
    swap(values, middle, to - 1);
    const place = yield* partition(rt, values, f, pivot, from, to);
    swap(values, to - 1, place);
    const parts: [number, number][] = [
      [from, place - 1],
      [place + 1, to],
    ];
    // The smaller part is sorted first.
    if (place - from < to - place) parts.reverse();
    waiting.push(...parts);
  }
  return NONE;
}

/** Puts what is less than the pivot left of what isn't, between `from` and `to - 1`, where the pivot is; gives the border. */
function* partition(
  rt: Runtime,
  values: LuaValue[],
  f: Order,
  pivot: LuaValue,
  from: number,
  to: number,
): Running<number> {
  let i = from;
  let j = to - 1;
  for (;;) {
    for (i += 1; yield* before(rt, f, values[i], pivot); i += 1) {
      if (i > to) throw rt.error('invalid order function for sorting');
    }
    for (j -= 1; yield* before(rt, f, pivot, values[j]); j -= 1) {
      if (j < from) throw rt.error('invalid order function for sorting');
    }
    if (j < i) return i;
    swap(values, i, j);
  }
}

/** Whether `a` comes before `b`. */
function* before(rt: Runtime, f: Order, a: LuaValue, b: LuaValue): Running<boolean> {
  if (f === undefined) {
    rt.spend(1);
    return yield* lessThan(rt, a, b, 0);
  }
  if (!(f instanceof LuaFunction)) return truthy(yield* rt.call1(f, [a, b]));
  const running = f.code(f, a, b);
  const step = running.next();
  let result: LuaResult = step.done ? step.value : yield* rest(running, step.value);
  if (result instanceof Special) result = yield* finish(rt, result);
  return truthy(one(result));
}
