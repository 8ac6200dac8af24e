import { invoke, one } from './call.ts';
import type { Running } from './function.ts';
import { metamethod } from './metatable.ts';
import type { Runtime } from './runtime.ts';
import type { LuaValue } from './value.ts';

/** Strings from here on are accounted for one by one. */
const LONG = 4096;

/** The text of a string or number; undefined for other values. */
export function textOf(rt: Runtime, value: LuaValue): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? rt.numberText(value) : undefined;
}

/** Accounts for a long new string. */
export function long(rt: Runtime, text: string): string {
  rt.grow(text.length);
  return text;
}

/** `a .. b .. c`, from the right; `parts` is used up. */
export function* concat(rt: Runtime, parts: LuaValue[], pos: number): Running<LuaValue> {
  let right = parts.pop();
  while (parts.length > 0) {
    const left = parts.pop();
    const a = textOf(rt, left);
    const b = textOf(rt, right);
    if (a !== undefined && b !== undefined) {
      const joined: string = a + b;
      right = joined.length > LONG ? long(rt, joined) : joined;
      continue;
    }
    rt.pos[rt.depth] = pos;
    const handler = metamethod(rt, left, '__concat') ?? metamethod(rt, right, '__concat');
    if (handler === undefined) throw concatError(rt, pos, left, right, parts.length);
    right = one(yield* invoke(rt, handler, [left, right]));
  }
  return right;
}

/** Sites of concatenations hold the names of their parts joined by newlines. */
function concatError(
  rt: Runtime,
  pos: number,
  left: LuaValue,
  right: LuaValue,
  place: number,
): Error {
  const site = rt.chunkAt(rt.depth)?.sites[pos];
  const leftIsText = textOf(rt, left) !== undefined;
  const at = leftIsText ? place + 1 : place;
  const what = site?.what.split('\n')[at] ?? '';
  const name = site?.name.split('\n')[at] ?? '';
  return rt.typeError('concatenate', leftIsText ? right : left, what, name);
}
