import { checkAny } from '../arguments.ts';
import { calling, later, plain } from '../builtin.ts';
import { Builtin, LuaFunction, type Running } from '../function.ts';
import { metamethod } from '../metatable.ts';
import type { Runtime } from '../runtime.ts';
import { LuaTable } from '../table.ts';
import { LuaThread } from '../thread.ts';
import type { LuaValue } from '../value.ts';

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

/** What `tostring` gives. */
export function* textOfValue(rt: Runtime, value: LuaValue): Running<LuaValue> {
  const handler = typeof value === 'object' ? metamethod(rt, value, '__tostring') : undefined;
  return handler === undefined ? rawText(rt, value) : yield* rt.call1(handler, [value]);
}

export const tostring: Builtin = plain('tostring', (rt, value) => {
  if (value === undefined) checkAny(rt, value, 1);
  const handler = typeof value === 'object' ? metamethod(rt, value, '__tostring') : undefined;
  return handler === undefined
    ? rawText(rt, value)
    : later(tostring, rt.call1(handler, [value]), 1);
});

export const print = calling('print', function* (rt, ...args): Running {
  const texts: string[] = [];
  for (const arg of args) {
    const text = yield* textOfValue(rt, arg);
    if (typeof text !== 'string') {
      throw rt.error("'tostring' must return a string to 'print'");
    }
    texts.push(text);
  }
  rt.host.print(`${texts.join('\t')}\n`);
  return [];
});
