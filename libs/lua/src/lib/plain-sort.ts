import type { Runtime } from '../runtime.ts';
import type { LuaValue } from '../value.ts';

/** Whether all are numbers of which `<` alone decides where each goes: it says nothing about NaN, nor about 0 and -0. */
export function ordered(values: readonly LuaValue[]): values is number[] {
  let zero: number | undefined;
  for (const value of values) {
    if (typeof value !== 'number' || Number.isNaN(value)) return false;
    if (value !== 0) continue;
    zero ??= value;
    if (!Object.is(value, zero)) return false;
  }
  return true;
}

/** Whether all are strings so short that comparing two of them is one step. */
export function short(values: readonly LuaValue[]): values is string[] {
  return values.every((value) => typeof value === 'string' && value.length <= SHORT);
}

/** Numbers only, or strings only. */
type Plain = number | string;

const SHORT = 256;
/** Values that V8 sorts without a look at the limits. */
const RUN = 16_384;

/** Sorts numbers or strings in place: runs that V8 sorts, then merged. Strings order by code units, which are the bytes. */
export function sortPlainly(rt: Runtime, values: Plain[]): void {
  if (values.length <= RUN) {
    rt.spend(values.length);
    sortRun(values);
    return;
  }
  const runs: Plain[][] = [];
  for (let at = 0; at < values.length; at += RUN) {
    const run = values.slice(at, at + RUN);
    rt.spend(run.length);
    sortRun(run);
    runs.push(run);
  }
  while (runs.length > 1) {
    const [a = [], b = []] = runs.splice(0, 2);
    runs.push(merged(rt, a, b));
  }
  const [sorted = []] = runs;
  for (let i = 0; i < sorted.length; i += 1) values[i] = sorted[i] as Plain;
}

function sortRun(run: Plain[]): void {
  if (typeof run[0] === 'string') {
    run.sort();
    return;
  }
  const sorted = Float64Array.from(run as number[]).sort();
  for (let i = 0; i < run.length; i += 1) run[i] = sorted[i] as number;
}

function merged(rt: Runtime, a: Plain[], b: Plain[]): Plain[] {
  const result: Plain[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    rt.fuel -= 1;
    if (rt.fuel < 0) rt.tick();
    const x = a[i] as Plain;
    const y = b[j] as Plain;
    if (y < x) {
      result.push(y);
      j += 1;
    } else {
      result.push(x);
      i += 1;
    }
  }
  while (i < a.length) result.push(a[i++] as Plain);
  while (j < b.length) result.push(b[j++] as Plain);
  return result;
}
