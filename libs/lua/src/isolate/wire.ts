import type { Limits } from '../budget.ts';
import type { Mode } from '../runtime.ts';
import { LuaTable } from '../table.ts';
import type { LuaValue } from '../value.ts';

/** Values as they cross between an isolate and the host: tables by value, each once, referred to by number. */
export interface Parcel {
  readonly values: readonly Item[];
  readonly tables: readonly { list: Item[]; keys: Item[]; values: Item[] }[];
}

type Item = undefined | boolean | number | string | { table: number };

/** Packs values; throws `TypeError` for what can't leave its engine. */
export function pack(values: readonly LuaValue[]): Parcel {
  const tables: { list: Item[]; keys: Item[]; values: Item[] }[] = [];
  const known = new Map<LuaTable, number>();
  const item = (value: LuaValue): Item => {
    if (typeof value !== 'object') return value;
    if (!(value instanceof LuaTable)) {
      throw new TypeError('functions, coroutines and userdata stay inside their isolate');
    }
    const seen = known.get(value);
    if (seen !== undefined) return { table: seen };
    const number = tables.length;
    known.set(value, number);
    const packed: { list: Item[]; keys: Item[]; values: Item[] } = {
      list: [],
      keys: [],
      values: [],
    };
    tables.push(packed);
    for (const each of value.arr) packed.list.push(item(each));
    for (let place = value.skip(value.arr.length); place >= 0; place = value.skip(place + 1)) {
      packed.keys.push(item(value.keyAt(place)));
      packed.values.push(item(value.valueAt(place)));
    }
    return { table: number };
  };
  return { values: values.map(item), tables };
}

export function unpack(parcel: Parcel): LuaValue[] {
  const tables = parcel.tables.map(() => new LuaTable());
  const value = (item: Item): LuaValue => (typeof item === 'object' ? tables[item.table] : item);
  for (const [i, packed] of parcel.tables.entries()) {
    const table = tables[i] as LuaTable;
    for (const [j, item] of packed.list.entries()) table.set(j + 1, value(item));
    for (const [j, key] of packed.keys.entries()) table.set(value(key), value(packed.values[j]));
  }
  return parcel.values.map(value);
}

/** An error on its way: what it was is told by `kind`. */
export interface Failure {
  readonly kind: 'error' | 'stop' | 'syntax' | 'other';
  readonly message: string;
  readonly value?: Parcel;
  readonly traceback?: string;
  readonly reason?: string;
}

/** What the worker is made with. */
export interface WorkerSetup {
  readonly mode: Mode;
  readonly hosts: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly path: string | undefined;
  readonly resolves: boolean;
  readonly io: boolean;
}

export type ToWorker =
  | {
      type: 'run';
      id: number;
      source: string;
      name: string;
      entry: string | undefined;
      args: Parcel;
      limits: Limits;
    }
  | { type: 'settled'; call: number; result: Parcel }
  | { type: 'failed'; call: number; failure: Failure }
  | { type: 'abort'; id: number }
  | { type: 'ping' };

export type FromWorker =
  | { type: 'alive' }
  | { type: 'print'; id: number; text: string }
  | { type: 'host'; id: number; call: number; name: string; args: Parcel }
  | { type: 'done'; id: number; result: Parcel }
  | { type: 'failed'; id: number; failure: Failure };
