import type { LuaValue } from './value.ts';

/** Above this many keys a hash part gets an index; below, a scan over the keys is quicker. */
const SCANNED = 8;
const NO_KEYS: LuaValue[] = [];

/** The keys of a hash part, ready to be shared by many tables that start out with the same ones. */
export interface Shape {
  readonly keys: LuaValue[];
  readonly index: Map<LuaValue, number> | null;
}

/** A shape of `keys`, which must be distinct strings. */
export function shapeOf(keys: string[]): Shape {
  return { keys, index: keys.length > SCANNED ? indexOf(keys) : null };
}

function indexOf(keys: LuaValue[]): Map<LuaValue, number> {
  const index = new Map<LuaValue, number>();
  for (let i = 0; i < keys.length; i += 1) index.set(keys[i], i);
  return index;
}

/**
 * A Lua table without its metamethods: an array part (`arr[i - 1]` is the value of `i`, the last one never nil) and a
 * hash part that keeps the order of insertion. A removed key keeps its place with the value nil until the hash
 * part grows, so that a traversal may clear fields.
 *
 * The fields are public for the generated code, which reads `vals` at a remembered place after comparing `keys` there.
 */
export class LuaTable {
  arr: LuaValue[];
  keys: LuaValue[];
  vals: LuaValue[];
  index: Map<LuaValue, number> | null;
  /** `keys` and `index` belong to a shape and are copied before the first write to them. */
  shared: boolean;
  /** The hash part has had a number key, so that growing the array part must look there. */
  numbered: boolean;
  mt: LuaTable | null;
  /** Longest the array part was before it shrank: keys that a traversal may still be at. */
  peak: number;
  /** Empty places that the last `skip` passed over. */
  skipped: number;

  constructor() {
    this.arr = [];
    this.keys = NO_KEYS;
    this.vals = [];
    this.index = null;
    this.shared = true;
    this.numbered = false;
    this.mt = null;
    this.peak = 0;
    this.skipped = 0;
  }

  /** A table whose hash part starts with `shape`'s keys and these values, which it keeps. */
  static shaped(shape: Shape, vals: LuaValue[]): LuaTable {
    const table = new LuaTable();
    table.keys = shape.keys;
    table.index = shape.index;
    table.vals = vals;
    return table;
  }

  /** A list; keeps `values`. */
  static list(values: LuaValue[]): LuaTable {
    const table = new LuaTable();
    let n = values.length;
    while (n > 0 && values[n - 1] === undefined) n -= 1;
    values.length = n;
    table.arr = values;
    return table;
  }

  /** The value of `key`, without metamethods. */
  get(key: LuaValue): LuaValue {
    if (typeof key === 'number') {
      const arr = this.arr;
      if (key > 0 && key <= arr.length) {
        const value = arr[key - 1];
        if (value !== undefined) return value;
      }
      if (!this.numbered) return undefined;
    }
    const at = this.find(key);
    return at < 0 ? undefined : this.vals[at];
  }

  /** Where `key` is in the hash part; -1 when it isn't there. */
  find(key: LuaValue): number {
    const index = this.index;
    if (index !== null) {
      const at = index.get(key);
      return at === undefined ? -1 : at;
    }
    const keys = this.keys;
    for (let i = 0; i < keys.length; i += 1) if (keys[i] === key) return i;
    return -1;
  }

  /** Where `key` is in the hash part; 0 when it isn't there, where the caller finds another key or none. */
  place(key: LuaValue): number {
    const at = this.find(key);
    return at < 0 ? 0 : at;
  }

  /** Sets without metamethods. `key` must not be nil or NaN. */
  set(key: LuaValue, value: LuaValue): void {
    if (typeof key === 'number') this.setNumber(key, value);
    else this.put(key, value);
  }

  setNumber(key: number, value: LuaValue): void {
    const arr = this.arr;
    const n = arr.length;
    if (key > 0 && key <= n && Math.floor(key) === key) {
      if (value === undefined && key === n) this.#pop();
      else arr[key - 1] = value;
    } else if (key === n + 1) {
      if (value !== undefined) {
        arr.push(value);
        if (this.numbered) this.#adopt();
      } else if (this.numbered) this.put(key, undefined);
    } else if (value !== undefined || this.numbered) {
      if (value !== undefined) this.numbered = true;
      this.put(key, value);
    }
  }

  #pop(): void {
    const arr = this.arr;
    if (arr.length > this.peak) this.peak = arr.length;
    arr.pop();
    while (arr.length > 0 && arr[arr.length - 1] === undefined) arr.pop();
  }

  /** Moves what follows the array part out of the hash part; the key just appended is stale there. */
  #adopt(): void {
    const arr = this.arr;
    const stale = this.find(arr.length);
    if (stale >= 0) this.vals[stale] = undefined;
    for (;;) {
      const at = this.find(arr.length + 1);
      if (at < 0) return;
      const value = this.vals[at];
      if (value === undefined) return;
      this.vals[at] = undefined;
      arr.push(value);
    }
  }

  /** Sets in the hash part; gives the key's place there, or 0 when nothing had to be stored. */
  put(key: LuaValue, value: LuaValue): number {
    const at = this.find(key);
    if (at >= 0) {
      this.vals[at] = value;
      return at;
    }
    if (value === undefined) return 0;
    if (this.shared) this.#own();
    const n = this.keys.length;
    // Doubling sizes are the moments at which removed keys are swept out.
    if (n >= SCANNED && (n & (n - 1)) === 0) this.#sweep();
    const keys = this.keys;
    const place = keys.length;
    keys.push(key);
    this.vals.push(value);
    if (this.index !== null) this.index.set(key, place);
    else if (place >= SCANNED) this.index = indexOf(keys);
    return place;
  }

  #own(): void {
    this.keys = this.keys.slice();
    if (this.index !== null) this.index = new Map(this.index);
    this.shared = false;
  }

  #sweep(): void {
    const { keys, vals } = this;
    let live = 0;
    for (let i = 0; i < vals.length; i += 1) if (vals[i] !== undefined) live += 1;
    if (live > vals.length / 2) return;
    const newKeys: LuaValue[] = [];
    const newVals: LuaValue[] = [];
    for (let i = 0; i < keys.length; i += 1) {
      if (vals[i] === undefined) continue;
      newKeys.push(keys[i]);
      newVals.push(vals[i]);
    }
    this.keys = newKeys;
    this.vals = newVals;
    this.index = newKeys.length > SCANNED ? indexOf(newKeys) : null;
  }

  /** `#`: a border. */
  length(): number {
    return this.arr.length;
  }

  /**
   * Where a traversal goes on after `key` (nil: at the start): a place for `keyAt` and `valueAt`, -1 at the end, or -2
   * when `key` was never in the table.
   */
  after(key: LuaValue): number {
    const arr = this.arr;
    let from: number;
    if (key === undefined) from = 0;
    else if (typeof key === 'number' && key > 0 && key <= arr.length && Math.floor(key) === key)
      from = key;
    else {
      const at = this.find(key);
      if (at >= 0) from = arr.length + at + 1;
      // The array part may have shrunk below `key` while it was being traversed.
      else if (typeof key === 'number' && key > 0 && key <= this.peak) from = arr.length;
      else return -2;
    }
    return this.skip(from);
  }

  /** The first place at or after `from` that holds a value; -1 at the end. */
  skip(from: number): number {
    const arr = this.arr;
    const vals = this.vals;
    const n = arr.length;
    let i = from;
    while (i < n && arr[i] === undefined) i += 1;
    if (i >= n) while (i < n + vals.length && vals[i - n] === undefined) i += 1;
    this.skipped = i - from;
    return i < n + vals.length ? i : -1;
  }

  keyAt(place: number): LuaValue {
    const n = this.arr.length;
    return place < n ? place + 1 : this.keys[place - n];
  }

  valueAt(place: number): LuaValue {
    const n = this.arr.length;
    return place < n ? this.arr[place] : this.vals[place - n];
  }
}
