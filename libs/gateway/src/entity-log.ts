import { randomUUID } from 'node:crypto';
import type { Entity, EntityType } from './entities/entity.ts';
import { SnapshotFormatError } from './errors.ts';
import type { AnnouncedMessage, EntityKey, EntitySpace, StoredEntity } from './ports.ts';
import { type Delta, type EntityChange, EntityTables } from './snapshot.ts';

/**
 * Where the entities are kept: all in one partition, so that a change of any number of them is one commit.
 *
 *   entities / head            → the version, and the epoch: which numbering of versions this is
 *   entities / e / type / id   → one entity
 *   entities / all             index of `type/id`, to read them all
 *   entities / d / version     → what that version changed, for an hour
 */
const PARTITION = 'entities';
const HEAD: EntityKey = [PARTITION, 'head'];
const ALL: EntityKey = [PARTITION, 'all'];
const entityKey = (type: string, id: string): EntityKey => [PARTITION, 'e', type, id];
const deltaKey = (version: number): EntityKey => [PARTITION, 'd', String(version)];

const FORMAT = 1;
/** How long a reader may have been away and still catch up without reading everything. */
const DELTA_TTL_MS = 3_600_000;
const PAGE = 500;

/** The epoch while nothing was ever written. */
const UNBEGUN = 'unbegun';

/** How far a numbering of versions has come. */
export interface LogHead {
  /** Begins anew when the store was emptied; readers of another epoch must load everything. */
  readonly epoch: string;
  /** 0: nothing was ever written. */
  readonly version: number;
}

/** Reads and writes entities in a space of the store. Knows nothing of their rules. */
export interface EntityLog {
  /** One cheap read. */
  head(signal?: AbortSignal): Promise<LogHead>;
  /** Everything, at one version. */
  load(signal?: AbortSignal): Promise<EntityTables>;
  /**
   * Brings `tables` up to date. False when what it missed isn't kept any more or they are of another epoch: then it is
   * unchanged, and {@link EntityLog.load} is the way.
   */
  catchUp(tables: EntityTables, signal?: AbortSignal): Promise<boolean>;
  /**
   * The deltas behind `at`, oldest first; undefined when they aren't all kept any more, or `at` is of another epoch or
   * ahead of the head.
   */
  since(at: LogHead, signal?: AbortSignal): Promise<Delta[] | undefined>;
  /**
   * Writes `changes` as version `version`, with their messages, and says where that leads. Undefined when that isn't the
   * version after the present one: somebody else has written, or this call has already and its answer was lost; see
   * {@link EntityLog.since}.
   */
  append(
    version: number,
    changes: readonly EntityChange[],
    outbox: readonly AnnouncedMessage[],
    signal?: AbortSignal,
  ): Promise<LogHead | undefined>;
}

export function entityLog(space: EntitySpace, types: readonly EntityType[]): EntityLog {
  const head = async (signal?: AbortSignal) => {
    const [entry] = await space.get([HEAD], signal);
    const record =
      entry === undefined
        ? { version: 0 }
        : decode<{ version: number; epoch?: string }>(HEAD, entry);
    return { epoch: UNBEGUN, ...record, state: entry?.version };
  };

  const since = async (at: LogHead, signal?: AbortSignal) => {
    const { version: last, epoch } = await head(signal);
    if (at.epoch !== epoch || at.version > last) return undefined;
    const { version } = at;
    const deltas: Delta[] = [];
    for (let from = version + 1; from <= last; from += PAGE) {
      const count = Math.min(PAGE, last - from + 1);
      const keys = Array.from({ length: count }, (_, i) => deltaKey(from + i));
      for (const [i, entry] of (await space.get(keys, signal)).entries()) {
        if (entry === undefined) return undefined;
        deltas.push(decode<Delta>(keys[i] as EntityKey, entry));
      }
    }
    return deltas;
  };

  const catchUp = async (tables: EntityTables, signal?: AbortSignal) => {
    // Tables of before the first version are of no numbering yet: they may join the one that begins.
    if (tables.version === 0) tables.number((await head(signal)).epoch);
    const deltas = await since(tables, signal);
    for (const delta of deltas ?? []) tables.apply(delta);
    return deltas !== undefined;
  };

  return {
    async head(signal) {
      const { epoch, version } = await head(signal);
      return { epoch, version };
    },
    since,
    catchUp,
    async load(signal) {
      for (;;) {
        // The version first: what is read after it may be newer, and the deltas from it on set that right.
        const at = await head(signal);
        const tables = new EntityTables(types, at.version, at.epoch);
        for (let after: { member: string; score: number } | undefined; ; ) {
          const query = after === undefined ? { limit: PAGE } : { limit: PAGE, after };
          const members = await space.range(ALL, query, signal);
          tables.load(
            await readMembers(
              space,
              members.map(({ member }) => member),
              signal,
            ),
          );
          if (members.length < PAGE) break;
          after = members.at(-1);
        }
        if (await catchUp(tables, signal)) return tables;
      }
    },
    async append(version, changes, outbox, signal) {
      const { version: last, epoch: known, state } = await head(signal);
      if (last !== version - 1) return undefined;
      const epoch = known === UNBEGUN ? randomUUID() : known;
      const kept = changes.filter((change) => change.value !== null);
      const gone = changes.filter((change) => change.value === null);
      const result = await space.commit(
        {
          check: [{ key: HEAD, version: state }],
          put: [
            { key: HEAD, value: encode({ version, epoch }), format: FORMAT },
            {
              key: deltaKey(version),
              value: encode({ version, changes } satisfies Delta),
              format: FORMAT,
              ttlMs: DELTA_TTL_MS,
            },
            ...kept.map(({ type, id, value }) => ({
              key: entityKey(type, id),
              value: encode(value),
              format: FORMAT,
            })),
          ],
          delete: gone.map(({ type, id }) => entityKey(type, id)),
          index: [
            ...kept.map(({ type, id }) => ({ index: ALL, add: `${type}/${id}`, score: 0 })),
            ...gone.map(({ type, id }) => ({ index: ALL, remove: `${type}/${id}` })),
          ],
          outbox,
        },
        signal,
      );
      return result.ok ? { epoch, version } : undefined;
    },
  };
}

/** The entities behind members of the index; one that went away since is left out. */
async function readMembers(
  space: EntitySpace,
  members: readonly string[],
  signal: AbortSignal | undefined,
): Promise<EntityChange[]> {
  if (members.length === 0) return [];
  const names = members.map((member) => {
    const slash = member.indexOf('/');
    return { type: member.slice(0, slash), id: member.slice(slash + 1) };
  });
  const keys = names.map(({ type, id }) => entityKey(type, id));
  const entries = await space.get(keys, signal);
  return names.flatMap(({ type, id }, i) => {
    const entry = entries[i];
    return entry === undefined
      ? []
      : [{ type, id, value: decode<Entity>(keys[i] as EntityKey, entry) }];
  });
}

function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function decode<T>(key: EntityKey, { value, format }: StoredEntity): T {
  if (format !== FORMAT) {
    throw new SnapshotFormatError(
      `${key.join('/')} has format ${format}, and this version knows ${FORMAT}: it was written by a newer one`,
    );
  }
  try {
    return JSON.parse(Buffer.from(value).toString()) as T;
  } catch (cause) {
    throw new SnapshotFormatError(`${key.join('/')} isn't JSON`, { cause });
  }
}
