import type { Runtime } from './runtime.ts';
import { LuaTable } from './table.ts';
import { Userdata } from './userdata.ts';
import type { LuaValue } from './value.ts';

/** The metatable of any value; null when it has none. */
export function metatableOf(rt: Runtime, value: LuaValue): LuaTable | null {
  if (value instanceof LuaTable || value instanceof Userdata) return value.mt;
  return typeof value === 'string' ? rt.stringMeta : null;
}

/** The metamethod `event` of a value; nil when it has none. */
export function metamethod(rt: Runtime, value: LuaValue, event: string): LuaValue {
  const mt = metatableOf(rt, value);
  return mt === null ? undefined : mt.get(event);
}
