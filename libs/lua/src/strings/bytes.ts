import {
  checkInteger,
  checkNumber,
  checkString,
  optionalInteger,
  typeMismatch,
} from '../arguments.ts';
import { plain } from '../builtin.ts';
import { luaError } from '../errors.ts';
import type { Runtime } from '../runtime.ts';
import { type LuaResult, type LuaValue, NONE, typeName } from '../value.ts';
import { fromEnd } from './position.ts';
import { toInt } from './text-number.ts';

/** `string.len (s)` */
export const len = plain('len', (rt, s) => checkString(rt, s, 1).length);

/** `string.sub (s, i [, j])` */
export const sub = plain('sub', (rt, s, i, j) => {
  const text = checkString(rt, s, 1);
  const size = text.length;
  let from = fromEnd(checkInteger(rt, i, 2), size);
  const to = j === undefined ? size : fromEnd(checkInteger(rt, j, 3), size);
  if (from < 1) from = 1;
  return from > to ? '' : text.slice(from - 1, to);
});

/** `string.byte (s [, i [, j]])` */
export const byte = plain('byte', (rt, s, i, j): LuaResult => {
  const text = checkString(rt, s, 1);
  const first = fromEnd(optionalInteger(rt, i, 2, 1), text.length);
  const from = Math.max(first, 1);
  const to = Math.min(fromEnd(optionalInteger(rt, j, 3, first), text.length), text.length);
  if (from === to) return text.charCodeAt(from - 1);
  if (from > to) return NONE;
  if (to - from >= MOST_VALUES) throw rt.error('stack overflow (string slice too long)');
  rt.fuel -= to - from;
  const bytes: LuaValue[] = [];
  for (let at = from - 1; at < to; at++) bytes.push(text.charCodeAt(at));
  return bytes;
});

/** `string.char (···)` */
export const char = plain('char', (rt, ...codes) => {
  let text = '';
  for (let i = 0; i < codes.length; i++) {
    const code = toInt(checkNumber(rt, codes[i], i + 1));
    if (code < 0 || code > 255) throw rt.argError(i + 1, 'invalid value');
    text += String.fromCharCode(code);
  }
  rt.grow(text.length);
  return text;
});

/** `string.rep (s, n)` */
export const rep = plain('rep', (rt, s, n) => {
  const text = checkString(rt, s, 1);
  const times = toInt(checkNumber(rt, n, 2));
  if (times <= 0 || text === '') return '';
  const size = text.length * times;
  rt.fuel -= size >> 4;
  rt.grow(size);
  if (size > LONGEST) throw luaError('not enough memory');
  return text.repeat(times);
});

/** `string.reverse (s)` */
export const reverse = plain('reverse', (rt, s) => {
  const text = checkString(rt, s, 1);
  if (text.length <= PIECE) return reversed(produced(rt, text));
  return piecewise(rt, text, reversed).reverse().join('');
});

/** `string.upper (s)`, of ASCII letters only: the C locale. */
export const upper = plain('upper', (rt, s) => {
  const text = checkString(rt, s, 1);
  if (text.length <= PIECE) return raised(produced(rt, text));
  return piecewise(rt, text, raised).join('');
});

/** `string.lower (s)`, of ASCII letters only. */
export const lower = plain('lower', (rt, s) => {
  const text = checkString(rt, s, 1);
  if (text.length <= PIECE) return lowered(produced(rt, text));
  return piecewise(rt, text, lowered).join('');
});

const reversed = (text: string): string => Buffer.from(text, 'latin1').reverse().toString('latin1');

const raised = (text: string): string =>
  BEYOND_ASCII.test(text)
    ? text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())
    : text.toUpperCase();

const lowered = (text: string): string =>
  BEYOND_ASCII.test(text)
    ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
    : text.toLowerCase();

/** `string.dump (function)`: refused, as there is no byte code. The message is PUC's for a function it can't dump. */
export const dump = plain('dump', (rt, f) => {
  if (typeName(f) !== 'function') throw typeMismatch(rt, 1, 'function', f);
  throw rt.error('unable to dump given function');
});

/** `change` of each piece of a long text: the limits are looked at in between. */
function piecewise(rt: Runtime, text: string, change: (piece: string) => string): string[] {
  rt.grow(text.length);
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += PIECE) {
    rt.spend(PIECE >> 4);
    pieces.push(change(text.slice(at, at + PIECE)));
  }
  return pieces;
}

/** Charges for making a text as long as `text`: its memory, and the time it takes. */
function produced(rt: Runtime, text: string): string {
  rt.fuel -= text.length >> 4;
  rt.grow(text.length);
  return text;
}

/** Bytes between two looks at the limits. */
const PIECE = 65_536;

const BEYOND_ASCII = /[\x80-\xff]/;
/** LUAI_MAXCSTACK, less what the call itself takes at most. */
const MOST_VALUES = 7997;
/** V8's longest string is a little more than this many bytes. */
const LONGEST = 2 ** 29 - 24;
