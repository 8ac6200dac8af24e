import type { Runtime } from './runtime.ts';
import { textToNumber } from './strings/text-number.ts';
import { LuaTable } from './table.ts';
import { type LuaValue, typeName } from './value.ts';

/** The error of argument `n` (from 1) having another type than `expected`. */
export function typeMismatch(rt: Runtime, n: number, expected: string, value: LuaValue): Error {
  const got = value === undefined && n > rt.argumentCount() ? 'no value' : typeName(value);
  return rt.argError(n, `${expected} expected, got ${got}`);
}

/** Argument `n` as a string; numbers are converted. */
export function checkString(rt: Runtime, value: LuaValue, n: number): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return rt.numberText(value);
  throw typeMismatch(rt, n, 'string', value);
}

/** A number, or a string that reads as one. */
export function toNumber(rt: Runtime, value: LuaValue): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  // Two bytes read are a step.
  rt.fuel -= value.length >> 1;
  return textToNumber(value);
}

/** Argument `n` as a number; numeric strings are converted. */
export function checkNumber(rt: Runtime, value: LuaValue, n: number): number {
  const number = toNumber(rt, value);
  if (number === undefined) throw typeMismatch(rt, n, 'number', value);
  return number;
}

/** Argument `n` as an integer: what C makes of it, which is truncation.  */
export function checkInteger(rt: Runtime, value: LuaValue, n: number): number {
  const number = Math.trunc(checkNumber(rt, value, n));
  return number >= -(2 ** 63) && number < 2 ** 63 ? number : -(2 ** 63);
}

export function checkTable(rt: Runtime, value: LuaValue, n: number): LuaTable {
  if (value instanceof LuaTable) return value;
  throw typeMismatch(rt, n, 'table', value);
}

/** Argument `n` must have been given, nil or not. */
export function checkAny(rt: Runtime, value: LuaValue, n: number): LuaValue {
  if (value === undefined && n > rt.argumentCount()) throw rt.argError(n, 'value expected');
  return value;
}

export function optionalString(rt: Runtime, value: LuaValue, n: number, absent: string): string {
  return value === undefined ? absent : checkString(rt, value, n);
}

export function optionalInteger(rt: Runtime, value: LuaValue, n: number, absent: number): number {
  return value === undefined ? absent : checkInteger(rt, value, n);
}
