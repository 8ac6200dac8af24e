import type { EntityLog, LogHead } from './entity-log.ts';
import type { Delta, EntityChange, EntityTables } from './snapshot.ts';

/**
 * The data of the feed `gateway` (`@sallyport/contracts`), declared by shape: what one version changed. Kinds of
 * entities are written with underscores there.
 */
export interface FeedChanges {
  changes: { entity: string; id: string; value?: Record<string, unknown> }[];
}

/** Where the feed `gateway` comes from: by shape a `FeedSource` of `@sallyport/bus`, whose comments are the contract. */
export interface EntityFeed {
  head(signal: AbortSignal): Promise<LogHead>;
  /** Tables of the reader's own, that deltas can be applied to. */
  snapshot(signal: AbortSignal): Promise<LogHead & { readonly value: EntityTables }>;
  since(
    at: LogHead,
    signal: AbortSignal,
  ): Promise<readonly { readonly version: number; readonly delta: FeedChanges }[] | undefined>;
}

export function entityFeed(log: EntityLog): EntityFeed {
  return {
    head: (signal) => log.head(signal),
    async snapshot(signal) {
      const value = await log.load(signal);
      return { epoch: value.epoch, version: value.version, value };
    },
    async since(at, signal) {
      const deltas = await log.since(at, signal);
      return deltas?.map((delta) => ({ version: delta.version, delta: feedChanges(delta) }));
    },
  };
}

/** A delta as the feed carries it. */
export function feedChanges({ changes }: Pick<Delta, 'changes'>): FeedChanges {
  return {
    changes: changes.map(({ type, id, value }) => {
      const entity = type.replaceAll('-', '_');
      return value === null ? { entity, id } : { entity, id, value: { ...value } };
    }),
  };
}

/** What a message of the feed says has changed. */
export function changesOf({ changes }: FeedChanges): EntityChange[] {
  return changes.map(({ entity, id, value }) => ({
    type: entity.replaceAll('_', '-'),
    id,
    value: (value as EntityChange['value'] | undefined) ?? null,
  }));
}
