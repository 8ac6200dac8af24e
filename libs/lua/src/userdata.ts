import type { LuaTable } from './table.ts';

/** A host object that scripts hold but can't look into, except through its metatable. */
export class Userdata {
  readonly value: unknown;
  mt: LuaTable | null;

  constructor(value: unknown, mt: LuaTable | null = null) {
    this.value = value;
    this.mt = mt;
  }
}
