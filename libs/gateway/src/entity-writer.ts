import type { Clock } from '@sallyport/runtime';
import type { Static, TObject } from 'typebox';
import type { Entity, EntityType } from './entities/entity.ts';
import type { EntityLog, LogHead } from './entity-log.ts';
import { WriteContentionError } from './errors.ts';
import type { AnnouncedMessage } from './ports.ts';
import type { Delta, EntityChange, EntityTables, Snapshot } from './snapshot.ts';
import type { Violation } from './violation.ts';

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly violation: Violation };

/**
 * Writes entities by their rules. Each call is one version, whole or not at all, except a removal that takes more than
 * 300 entities along: that is several versions, each whole, what refers before what is referred to. Several writers
 * side by side are safe, and each sees the others' work before it judges its own; calls of one writer wait for each
 * other. A call that rejects because the
 * store went away may have written; `refresh` tells.
 */
export interface EntityWriter {
  /** What this writer knows; as new as its last write or {@link refresh}. */
  readonly snapshot: Snapshot;
  refresh(signal?: AbortSignal): Promise<void>;
  /** A new entity; `input.id` may name its id. */
  insert<S extends TObject>(
    type: EntityType<S>,
    input: unknown,
    signal?: AbortSignal,
  ): Promise<Outcome<Static<S>>>;
  /** Replaces the fields in `input`; the others stay. */
  update<S extends TObject>(
    type: EntityType<S>,
    id: string,
    input: unknown,
    signal?: AbortSignal,
  ): Promise<Outcome<Static<S>>>;
  /** Makes or replaces the entity as a whole; fields not in `input` get their defaults. */
  upsert<S extends TObject>(
    type: EntityType<S>,
    id: string,
    input: unknown,
    signal?: AbortSignal,
  ): Promise<Outcome<Static<S>>>;
  /** Takes it away with all that goes along; false when there is none. */
  remove(type: EntityType, id: string, signal?: AbortSignal): Promise<Outcome<boolean>>;
}

export interface EntityWriterPorts {
  readonly log: EntityLog;
  /** Every type there is: references are followed among them. */
  readonly types: readonly EntityType[];
  /** A new UUID. */
  uuid(): string;
  readonly clock: Clock;
  /** The messages that leave with a change; `before` is what it changes. */
  announce?(delta: Delta, before: Snapshot): readonly AnnouncedMessage[];
  /** Told of each change of this writer, in order, once it is committed. Must not throw. */
  written?(delta: Delta, head: LogHead): void;
}

/** How often a write is tried again because another came first. */
const ATTEMPTS = 20;
/** Changes in one version. The store takes 1,000 in one commit, and a change is an entry, a member and a message. */
const VERSION_LIMIT = 300;

export async function openEntityWriter(
  ports: EntityWriterPorts,
  signal?: AbortSignal,
): Promise<EntityWriter> {
  const { log, types, announce = () => [], written = () => {} } = ports;
  let tables = await log.load(signal);
  const inTurn = queue();

  const refresh = async (stop?: AbortSignal) => {
    if (await log.catchUp(tables, stop)) return;
    const loaded = await log.load(stop);
    // Another call may have come further meanwhile.
    if (loaded.epoch !== tables.epoch || loaded.version > tables.version) tables = loaded;
  };

  async function append(changes: readonly EntityChange[], stop?: AbortSignal): Promise<boolean> {
    for (let from = 0; from < changes.length; from += VERSION_LIMIT) {
      const part = changes.slice(from, from + VERSION_LIMIT);
      const delta = { version: tables.version + 1, changes: part };
      const head = await log.append(delta.version, part, announce(delta, tables), stop);
      if (head === undefined) return false;
      tables.apply(delta);
      tables.number(head.epoch);
      written(delta, head);
    }
    return true;
  }

  /** Plans against the newest state, writes, and plans again if that wasn't the newest. */
  const write = <T>(plan: Plan<T>, stop?: AbortSignal) =>
    inTurn(() => {
      stop?.throwIfAborted();
      return attempt(plan, stop);
    });

  async function attempt<T>(plan: Plan<T>, stop?: AbortSignal): Promise<Outcome<T>> {
    for (let tried = 1; tried <= ATTEMPTS; tried += 1) {
      await refresh(stop);
      const planned = plan(tables);
      if (!planned.ok) return planned;
      const { changes, value } = planned.value;
      if (changes.length === 0) return { ok: true, value };
      if (await append(changes, stop)) return { ok: true, value };
      // Writers that met once would meet again without a pause of random length.
      await ports.clock.sleep(Math.random() * Math.min(500, 2 ** tried), stop);
    }
    throw new WriteContentionError(`nothing written: ${ATTEMPTS} times another change came first`);
  }

  const put = <S extends TObject>(
    type: EntityType<S>,
    fields: (state: EntityTables) => Outcome<Record<string, unknown>>,
    stop?: AbortSignal,
  ) =>
    write<Static<S>>((state) => {
      const chosen = fields(state);
      if (!chosen.ok) return chosen;
      const { value, faults } = type.validate(chosen.value);
      const entity = value as Static<S> & Entity;
      const wrong = Object.keys(faults).length > 0 ? faults : type.check(entity);
      if (Object.keys(wrong).length > 0)
        return { ok: false, violation: { kind: 'schema', fields: wrong } };
      const violation = relationFault(state, type, entity);
      if (violation !== undefined) return { ok: false, violation };
      const change = { type: type.type, id: entity.id, value: entity };
      return { ok: true, value: { changes: [change], value: entity } };
    }, stop);

  const seconds = () => Math.floor(ports.clock.now() / 1000);

  const stamped = (
    input: unknown,
    id: unknown,
    created: number,
  ): Outcome<Record<string, unknown>> => {
    if (!isRecord(input)) {
      return {
        ok: false,
        violation: { kind: 'schema', fields: { '@entity': 'expected a record' } },
      };
    }
    return { ok: true, value: { ...input, id, created_at: created, updated_at: seconds() } };
  };

  return {
    get snapshot() {
      return tables;
    },
    refresh,
    insert: (type, input, stop) =>
      put(
        type,
        (state) => {
          const given = (input as { id?: unknown } | null)?.id;
          // What isn't text is refused by the schema, with a complaint of its own.
          const id =
            typeof given === 'string'
              ? given.toLowerCase()
              : given === undefined || given === null
                ? ports.uuid()
                : given;
          if (typeof id === 'string' && state.has(type.type, id)) {
            return { ok: false, violation: { kind: 'unique', fields: { id } } };
          }
          return stamped(input, id, seconds());
        },
        stop,
      ),
    update: (type, id, input, stop) =>
      put(
        type,
        (state) => {
          const before = state.get(type, id) as (Record<string, unknown> & Entity) | undefined;
          if (before === undefined)
            return { ok: false, violation: { kind: 'not-found', type: type.type, id } };
          const patch = stamped(input, id, before.created_at);
          return patch.ok ? { ok: true, value: merge(type, before, patch.value) } : patch;
        },
        stop,
      ),
    upsert: (type, id, input, stop) =>
      put(
        type,
        (state) => {
          const before = state.get(type, id) as Entity | undefined;
          return stamped(input, id, before?.created_at ?? seconds());
        },
        stop,
      ),
    remove: (type, id, stop) =>
      write((state) => {
        if (state.get(type, id) === undefined)
          return { ok: true, value: { changes: [], value: false } };
        const changes = new Map<string, EntityChange>();
        const violation = collect(state, types, type, id, changes);
        if (violation !== undefined) return { ok: false, violation };
        // What refers goes before what it refers to.
        return { ok: true, value: { changes: [...changes.values()].reverse(), value: true } };
      }, stop),
  };
}

type Plan<T> = (state: EntityTables) => Outcome<{ changes: EntityChange[]; value: T }>;

/** Runs one piece of work at a time, in the order they were asked for. */
function queue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    // How it ended is for whoever asked; the next in turn only waits for the end.
    last = turn.catch(() => {});
    return turn;
  };
}

/** The entity after an update: what the patch names is replaced, or merged where the type says so. */
function merge(
  type: EntityType,
  before: Readonly<Record<string, unknown>>,
  patch: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const after: Record<string, unknown> = { ...before, ...patch };
  for (const field of type.merged) {
    if (isRecord(before[field]) && isRecord(patch[field])) {
      after[field] = { ...before[field], ...patch[field] };
    }
  }
  return after;
}

/** A reference into nothing, or a value that another entity has. */
function relationFault(
  state: EntityTables,
  type: EntityType,
  entity: Entity,
): Violation | undefined {
  const fields = entity as unknown as Record<string, unknown>;
  for (const [field, { to }] of Object.entries(type.references)) {
    const target = fields[field] as { id: string } | null;
    if (target !== null && !state.has(to, target.id)) {
      return { kind: 'foreign', field, to, id: target.id };
    }
  }
  for (const [set, rule] of type.unique.entries()) {
    const holder = state.holder(type, set, fields);
    if (holder !== undefined && holder !== entity.id) {
      const same = rule.fields.map((field) => [field, fields[field]] as const);
      return { kind: 'unique', fields: Object.fromEntries(same) };
    }
  }
  return undefined;
}

/** Gathers the removal of an entity and of all that goes with it; stops at one that must stay. */
function collect(
  state: EntityTables,
  types: readonly EntityType[],
  type: EntityType,
  id: string,
  changes: Map<string, EntityChange>,
): Violation | undefined {
  const slot = `${type.type}/${id}`;
  if (changes.has(slot)) return undefined;
  changes.set(slot, { type: type.type, id, value: null });
  for (const other of types) {
    for (const [field, { to, onDelete }] of Object.entries(other.references)) {
      if (to !== type.type) continue;
      for (const referring of state.referring(other, field, id)) {
        if (onDelete === 'restrict' && !changes.has(`${other.type}/${referring}`)) {
          return { kind: 'referenced', type: type.type, by: other.type };
        }
        const violation = collect(state, types, other, referring, changes);
        if (violation !== undefined) return violation;
      }
    }
  }
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
