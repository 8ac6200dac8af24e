import { checkAny } from '../arguments.ts';
import { later, plain } from '../builtin.ts';
import { Builtin, LuaFunction, type Running } from '../function.ts';
import { metamethod } from '../metatable.ts';
import type { Runtime } from '../runtime.ts';
import { LuaTable } from '../table.ts';
import { LuaThread } from '../thread.ts';
import { type LuaValue, NONE } from '../value.ts';

const addresses = new WeakMap<object, number>();
let last = 0x0804_0000;

function address(value: object): string {
  let known = addresses.get(value);
  if (known === undefined) {
    last += 24;
    known = last;
    addresses.set(value, known);
  }
  return `0x${known.toString(16).padStart(8, '0')}`;
}

/** The text of a value without metamethods. */
export function rawText(rt: Runtime, value: LuaValue): string {
  switch (typeof value) {
    case 'undefined':
      return 'nil';
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      return rt.numberText(value);
    case 'string':
      return value;
    default:
      if (value instanceof LuaTable) return `table: ${address(value)}`;
      if (value instanceof LuaFunction || value instanceof Builtin) {
        return `function: ${address(value)}`;
      }
      if (value instanceof LuaThread) return `thread: ${address(value)}`;
      return `userdata: ${address(value)}`;
  }
}

/** `tostring (v)`. */
export const tostring: Builtin = plain('tostring', (rt, value) => {
  if (value === undefined) checkAny(rt, value, 1);
  const handler = typeof value === 'object' ? metamethod(rt, value, '__tostring') : undefined;
  return handler === undefined
    ? rawText(rt, value)
    : later(tostring, rt.call1(handler, [value]), 1);
});

export const print: Builtin = plain('print', (rt, ...args) => {
  const convert = rt.globals.get('tostring');
  if (convert !== tostring || args.some((arg) => metamethod(rt, arg, '__tostring') !== undefined)) {
    return later(print, printCalling(rt, convert, args), args.length);
  }
  rt.host.print(`${args.map((arg) => rawText(rt, arg)).join('\t')}\n`);
  return NONE;
});

/** `print` by whatever the global `tostring` is. */
function* printCalling(rt: Runtime, convert: LuaValue, args: LuaValue[]): Running {
  const texts: string[] = [];
  for (const arg of args) {
    const text = yield* rt.call1(convert, [arg]);
    if (typeof text !== 'string' && typeof text !== 'number') {
      throw rt.error("'tostring' must return a string to 'print'");
    }
    texts.push(rawText(rt, text));
  }
  rt.host.print(`${texts.join('\t')}\n`);
  return NONE;
}
