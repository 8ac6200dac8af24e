import { Builtin, LuaFunction } from './function.ts';
import type { LuaTable } from './table.ts';
import { LuaTable as Table } from './table.ts';
import { LuaThread } from './thread.ts';
import type { Userdata } from './userdata.ts';

/**
 * A value of Lua as this engine holds it: nil is `undefined`; a string is a JavaScript string whose code units
 * are bytes (0-255); every number is a double.
 */
export type LuaValue =
  | undefined
  | boolean
  | number
  | string
  | LuaTable
  | LuaFunction
  | Builtin
  | LuaThread
  | Userdata;

/** What a call gives back: an array holds none or several values, anything else is exactly one value. */
export type LuaResult = LuaValue | LuaValue[];

/** Nothing, as the result of a function that returns no value. Shared: never written to. */
export const NONE: LuaValue[] = [];

export type TypeName =
  | 'nil'
  | 'boolean'
  | 'number'
  | 'string'
  | 'table'
  | 'function'
  | 'thread'
  | 'userdata';

/** The name `type()` gives. */
export function typeName(value: LuaValue): TypeName {
  switch (typeof value) {
    case 'undefined':
      return 'nil';
    case 'boolean':
      return 'boolean';
    case 'number':
      return 'number';
    case 'string':
      return 'string';
    default:
      if (value instanceof Table) return 'table';
      if (value instanceof LuaFunction || value instanceof Builtin) return 'function';
      if (value instanceof LuaThread) return 'thread';
      return 'userdata';
  }
}
