import { Builtin, LuaFunction } from './function.ts';
import { LuaTable } from './table.ts';
import { LuaThread } from './thread.ts';
import { Userdata } from './userdata.ts';
import type { LuaValue } from './value.ts';

/** A JavaScript value as a byte string has no code units above 255; `utf8` makes text of bytes and bytes of text. */
export interface ConvertOptions {
  /** How strings cross: `bytes` as they are (default), `utf8` encoded on the way in and decoded on the way out. */
  readonly strings?: 'bytes' | 'utf8';
}

/** The byte string of a text in UTF-8. */
export function encodeUtf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The text of a byte string in UTF-8; what isn't UTF-8 becomes U+FFFD. */
export function decodeUtf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/**
 * A Lua value of plain data: null and undefined are nil, arrays lists, maps and objects (their own fields) tables, `Uint8Array` and strings byte
 * strings, bigints numbers. Lua values are passed as they are. Throws `TypeError` on functions, symbols, cycles and, unless
 * `strings` is `utf8`, on strings with code units above 255.
 */
export function toLua(value: unknown, options: ConvertOptions = {}): LuaValue {
  return inward(value, options.strings === 'utf8' ? encodeUtf8 : checkBytes, new Set());
}

function checkBytes(text: string): string {
  const at = text.search(/[^\0-\xff]/);
  if (at < 0) return text;
  throw new TypeError(
    `string isn't bytes: U+${text.charCodeAt(at).toString(16).padStart(4, '0')} at ${at}`,
  );
}

function inward(value: unknown, text: (s: string) => string, open: Set<object>): LuaValue {
  switch (typeof value) {
    case 'undefined':
    case 'boolean':
    case 'number':
      return value;
    case 'bigint':
      return Number(value);
    case 'string':
      return text(value);
    case 'object':
      break;
    default:
      throw new TypeError(`a ${typeof value} has no counterpart in Lua`);
  }
  if (value === null) return undefined;
  if (isLua(value)) return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (open.has(value)) throw new TypeError('value contains itself');
  open.add(value);
  const table = filled(value, text, open);
  open.delete(value);
  return table;
}

function filled(value: object, text: (s: string) => string, open: Set<object>): LuaTable {
  if (Array.isArray(value)) return LuaTable.list(value.map((each) => inward(each, text, open)));
  const table = new LuaTable();
  const entries: Iterable<[unknown, unknown]> =
    value instanceof Map ? value : Object.entries(value);
  for (const [key, each] of entries) {
    const name = inward(key, text, open);
    if (name === undefined || Number.isNaN(name)) throw new TypeError('a key is nil or NaN');
    table.set(name, inward(each, text, open));
  }
  return table;
}

function isLua(value: object): value is LuaTable | LuaFunction | Builtin | LuaThread | Userdata {
  return (
    value instanceof LuaTable ||
    value instanceof LuaFunction ||
    value instanceof Builtin ||
    value instanceof LuaThread ||
    value instanceof Userdata
  );
}

/**
 * Plain data of a Lua value: a table with only a list is an array (an empty one too), with only string keys an object without prototype, any
 * other a `Map`. Userdata gives what it holds. Throws `TypeError` on functions, coroutines and cycles.
 */
export function fromLua(value: LuaValue, options: ConvertOptions = {}): unknown {
  const text = options.strings === 'utf8' ? decodeUtf8 : (bytes: string) => bytes;
  return outward(value, text, new Set());
}

function outward(value: LuaValue, text: (s: string) => string, open: Set<object>): unknown {
  if (typeof value === 'string') return text(value);
  if (typeof value !== 'object') return value;
  if (value instanceof Userdata) return value.value;
  if (!(value instanceof LuaTable)) {
    throw new TypeError('functions and coroutines stay inside Lua');
  }
  if (open.has(value)) throw new TypeError('table contains itself');
  open.add(value);
  const entries: [unknown, unknown][] = [];
  for (let place = value.skip(value.arr.length); place >= 0; place = value.skip(place + 1)) {
    entries.push([
      outward(value.keyAt(place), text, open),
      outward(value.valueAt(place), text, open),
    ]);
  }
  const list = value.arr.map((each) => outward(each, text, open));
  open.delete(value);
  if (entries.length === 0) return list;
  if (list.length === 0 && entries.every(([key]) => typeof key === 'string')) {
    const object: Record<string, unknown> = Object.create(null);
    for (const [key, each] of entries) object[key as string] = each;
    return object;
  }
  return new Map([...list.map((each, i): [unknown, unknown] => [i + 1, each]), ...entries]);
}
