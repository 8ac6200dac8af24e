import type { Static, TObject } from 'typebox';
import type { Entity, EntityType } from './entities/entity.ts';
import { SnapshotGapError } from './errors.ts';

/** One entity as it is after a change; `null`: it is gone. */
export interface EntityChange {
  /** Plural, `routes`. */
  readonly type: string;
  readonly id: string;
  readonly value: Entity | null;
}

/** All that one write changed. Versions count up by one, without gaps. */
export interface Delta {
  readonly version: number;
  readonly changes: readonly EntityChange[];
}

/** The entities as they were at one version. Reading is from memory. */
export interface Snapshot {
  /** 0 before anything was written. */
  readonly version: number;
  /** Which numbering of versions this is; empty where nobody said. */
  readonly epoch: string;
  has(type: string, id: string): boolean;
  get<S extends TObject>(type: EntityType<S>, id: string): Static<S> | undefined;
  /** By the entity's endpoint key: a service's name, a consumer's username. */
  byKey<S extends TObject>(type: EntityType<S>, key: string): Static<S> | undefined;
  /** Oldest first, then by id. */
  list<S extends TObject>(type: EntityType<S>): Static<S>[];
  count(type: EntityType): number;
  /** Ids of the entities of `type` whose `field` refers to `id`. */
  referring(type: EntityType, field: string, id: string): ReadonlySet<string>;
  /** The id of the entity that has these values in the fields of the unique set number `set`. */
  holder(type: EntityType, set: number, entity: Record<string, unknown>): string | undefined;
}

/** A snapshot that deltas are applied to: what an edge keeps, and what a writer checks against. */
export class EntityTables implements Snapshot {
  readonly #tables: Map<string, Table>;
  #version: number;
  #epoch: string;

  constructor(types: readonly EntityType[], version = 0, epoch = '') {
    this.#tables = new Map(types.map((type) => [type.type, new Table(type)]));
    this.#version = version;
    this.#epoch = epoch;
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** Says which numbering the version belongs to, once that is known. */
  number(epoch: string): void {
    this.#epoch = epoch;
  }

  get version(): number {
    return this.#version;
  }

  /** Takes the next delta. One that is known already is ignored; one that skips a version throws {@link SnapshotGapError}. */
  apply(delta: Delta): void {
    if (delta.version <= this.#version) return;
    if (delta.version !== this.#version + 1) {
      throw new SnapshotGapError(
        `delta ${delta.version} doesn't follow version ${this.#version}: load the snapshot again`,
      );
    }
    this.load(delta.changes);
    this.#version = delta.version;
  }

  /** Takes entities without a change of version, while a snapshot is put together. */
  load(changes: readonly EntityChange[]): void {
    for (const { type, id, value } of changes) {
      // A type that this version doesn't know was written by a newer one: nothing here uses it.
      this.#tables.get(type)?.set(id, value);
    }
  }

  has(type: string, id: string): boolean {
    return this.#tables.get(type)?.get(id) !== undefined;
  }

  get<S extends TObject>(type: EntityType<S>, id: string): Static<S> | undefined {
    return this.#table(type).get(id) as Static<S> | undefined;
  }

  byKey<S extends TObject>(type: EntityType<S>, key: string): Static<S> | undefined {
    return this.#table(type).byKey(key) as Static<S> | undefined;
  }

  list<S extends TObject>(type: EntityType<S>): Static<S>[] {
    return this.#table(type).list() as unknown as Static<S>[];
  }

  count(type: EntityType): number {
    return this.#table(type).size;
  }

  referring(type: EntityType, field: string, id: string): ReadonlySet<string> {
    return this.#table(type).referring(field, id);
  }

  holder(type: EntityType, set: number, entity: Record<string, unknown>): string | undefined {
    return this.#table(type).holder(set, entity);
  }

  #table(type: EntityType): Table {
    const table = this.#tables.get(type.type);
    if (table === undefined)
      throw new TypeError(`entity type '${type.type}' isn't part of this snapshot`);
    return table;
  }
}

const NONE: ReadonlySet<string> = new Set();

/** The entities of one type and the ways to find them. */
class Table {
  readonly #type: EntityType;
  readonly #rows = new Map<string, Entity>();
  readonly #byKey = new Map<string, string>();
  readonly #holders: Map<string, string>[];
  readonly #referring = new Map<string, Set<string>>();

  constructor(type: EntityType) {
    this.#type = type;
    this.#holders = type.unique.map(() => new Map());
  }

  get size(): number {
    return this.#rows.size;
  }

  get(id: string): Entity | undefined {
    return this.#rows.get(id);
  }

  byKey(key: string): Entity | undefined {
    const id = this.#byKey.get(key);
    return id === undefined ? undefined : this.#rows.get(id);
  }

  list(): Entity[] {
    return [...this.#rows.values()].sort(
      (a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : Number(a.id > b.id)),
    );
  }

  referring(field: string, id: string): ReadonlySet<string> {
    return this.#referring.get(`${field} ${id}`) ?? NONE;
  }

  holder(set: number, entity: Record<string, unknown>): string | undefined {
    const value = this.#uniqueValue(set, entity);
    return value === undefined ? undefined : this.#holders[set]?.get(value);
  }

  set(id: string, value: Entity | null): void {
    const before = this.#rows.get(id);
    if (before !== undefined) this.#index(before, false);
    if (value === null) {
      this.#rows.delete(id);
    } else {
      this.#rows.set(id, value);
      this.#index(value, true);
    }
  }

  #index(entity: Entity, present: boolean): void {
    const fields = entity as unknown as Record<string, unknown>;
    const put = (map: Map<string, string>, key: string) => {
      if (present) map.set(key, entity.id);
      else map.delete(key);
    };
    const key = this.#type.endpointKey === undefined ? null : fields[this.#type.endpointKey];
    if (typeof key === 'string') put(this.#byKey, key);
    for (const [set, holders] of this.#holders.entries()) {
      const value = this.#uniqueValue(set, fields);
      if (value !== undefined) put(holders, value);
    }
    for (const field of Object.keys(this.#type.references)) {
      const target = (fields[field] as { id: string } | null)?.id;
      if (target === undefined) continue;
      const slot = `${field} ${target}`;
      const ids = this.#referring.get(slot) ?? new Set();
      if (present) this.#referring.set(slot, ids.add(entity.id));
      else if (ids.delete(entity.id) && ids.size === 0) this.#referring.delete(slot);
    }
  }

  /** The values of a unique set as one text; undefined where the set binds nobody. */
  #uniqueValue(set: number, entity: Record<string, unknown>): string | undefined {
    const rule = this.#type.unique[set];
    const values = rule?.fields.map((field) => entity[field] ?? null) ?? [];
    return rule?.strict === false && values.includes(null) ? undefined : JSON.stringify(values);
  }
}
