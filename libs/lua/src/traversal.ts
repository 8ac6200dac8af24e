import type { Runtime } from './runtime.ts';
import type { LuaTable } from './table.ts';
import type { LuaValue } from './value.ts';

/** Walks a table for a generic `for` over `pairs` or `ipairs`, without a call per step. */
export class Traversal {
  key: LuaValue;
  value: LuaValue = undefined;
  readonly #table: LuaTable;
  readonly #list: boolean;
  #place = -1;
  #length: number;
  #keys: LuaValue[];

  readonly #rt: Runtime;

  constructor(rt: Runtime, table: LuaTable, from: LuaValue, list: boolean) {
    this.#rt = rt;
    this.#table = table;
    this.#list = list;
    this.key = from;
    this.#length = -1;
    this.#keys = table.keys;
  }

  /** Moves to the next entry; false at the end. */
  step(): boolean {
    const table = this.#table;
    if (this.#list) {
      const key = (this.key as number) + 1;
      const { arr } = table;
      const value = key <= arr.length && key > 0 ? arr[key - 1] : table.get(key);
      if (value === undefined) return false;
      this.key = key;
      this.value = value;
      return true;
    }
    // Clearing fields may shorten the array part, and any write may move the hash part: then look the key up again.
    const same = table.arr.length === this.#length && table.keys === this.#keys;
    const place = same ? table.skip(this.#place + 1) : table.after(this.key);
    this.#rt.fuel -= table.skipped >> 4;
    if (place < 0) return false;
    this.#length = table.arr.length;
    this.#keys = table.keys;
    this.#place = place;
    this.key = table.keyAt(place);
    this.value = table.valueAt(place);
    return true;
  }
}
