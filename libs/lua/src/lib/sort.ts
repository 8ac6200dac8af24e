import { checkTable, typeMismatch } from '../arguments.ts';
import { later, plain } from '../builtin.ts';
import { finish, rest } from '../call.ts';
import { less as lessThan, truthy } from '../comparison.ts';
import { Builtin, LuaFunction, type Running } from '../function.ts';
import type { Runtime } from '../runtime.ts';
import { Special } from '../suspension.ts';
import type { LuaTable } from '../table.ts';
import { type LuaResult, type LuaValue, NONE } from '../value.ts';

/** Runs of this length are sorted by insertion before they are merged. */
const RUN = 6;

/**
 * `table.sort (table [, less])`. Numbers and strings alone need no Lua; else a merge sort, which is stable, calls `less` less
 * often than a quicksort, and bears an inconsistent one.
 */
export const sort: Builtin = plain('sort', (rt, t, f) => {
  const table = checkTable(rt, t, 1);
  if (f !== undefined && !(f instanceof LuaFunction) && !(f instanceof Builtin)) {
    throw typeMismatch(rt, 2, 'function', f);
  }
  const n = table.length();
  rt.fuel -= n;
  if (rt.fuel < 0) rt.tick();
  if (n < 2) return NONE;
  const { arr } = table;
  if (f === undefined && arr.every((value) => typeof value === 'number')) {
    // A typed array sorts by value, -0 before 0 and NaN last.
    const sorted = Float64Array.from(arr as number[]).sort();
    for (let i = 0; i < n; i += 1) arr[i] = sorted[i] as number;
    return NONE;
  }
  if (f === undefined && arr.every((value) => typeof value === 'string')) {
    // The default order is that of code units, which are the bytes.
    arr.sort();
    return NONE;
  }
  return later(sort, sortCalling(rt, table, f), rt.argumentCount());
});

function* sortCalling(
  rt: Runtime,
  table: LuaTable,
  f: LuaFunction | Builtin | undefined,
): Running {
  const values = table.arr.slice();
  const sorted = yield* mergeSort(rt, values, f);
  for (let i = 0; i < sorted.length; i += 1) table.set(i + 1, sorted[i]);
  return NONE;
}

function* mergeSort(
  rt: Runtime,
  values: LuaValue[],
  f: LuaFunction | Builtin | undefined,
): Running<LuaValue[]> {
  const n = values.length;
  const { depth } = rt;
  for (let start = 0; start < n; start += RUN) {
    const end = Math.min(start + RUN, n);
    for (let i = start + 1; i < end; i += 1) {
      const value = values[i];
      let j = i - 1;
      for (; j >= start; j -= 1) {
        if (!(yield* before(rt, f, value, values[j]))) break;
        values[j + 1] = values[j];
      }
      values[j + 1] = value;
    }
  }
  let from = values;
  let to: LuaValue[] = new Array(n);
  for (let width = RUN; width < n; width *= 2) {
    for (let start = 0; start < n; start += 2 * width) {
      const middle = Math.min(start + width, n);
      const end = Math.min(start + 2 * width, n);
      let i = start;
      let j = middle;
      let k = start;
      while (i < middle && j < end) {
        const right = from[j];
        let result: LuaResult;
        if (f instanceof LuaFunction) {
          const running = f.code(f, right, from[i]);
          const step = running.next();
          result = step.done ? step.value : yield* rest(running, step.value);
          if (Array.isArray(result)) {
            if (result instanceof Special) result = yield* finish(rt, result);
            if (Array.isArray(result)) result = result[0];
          }
        } else result = yield* before(rt, f, right, from[i]);
        if (result !== undefined && result !== false) to[k++] = from[j++];
        else to[k++] = from[i++];
      }
      while (i < middle) to[k++] = from[i++];
      while (j < end) to[k++] = from[j++];
    }
    [from, to] = [to, from];
  }
  rt.depth = depth;
  return from;
}

function* before(
  rt: Runtime,
  f: LuaFunction | Builtin | undefined,
  a: LuaValue,
  b: LuaValue,
): Running<boolean> {
  return f === undefined ? yield* lessThan(rt, a, b, 0) : truthy(yield* rt.call1(f, [a, b]));
}
