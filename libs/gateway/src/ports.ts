/**
 * What the gateway asks of the store: the part of a space of `@sallyport/store` that it uses, whose comments are the
 * contract. A library imports no other of its level, so the composition root passes the space in.
 */
export interface EntitySpace {
  get(keys: readonly EntityKey[], signal?: AbortSignal): Promise<(StoredEntity | undefined)[]>;
  commit(
    changes: {
      readonly check: readonly {
        readonly key: EntityKey;
        readonly version: StateVersion | undefined;
      }[];
      readonly put: readonly {
        readonly key: EntityKey;
        readonly value: Uint8Array;
        readonly format: number;
        readonly ttlMs?: number;
      }[];
      readonly delete: readonly EntityKey[];
      readonly index: readonly (
        | { readonly index: EntityKey; readonly add: string; readonly score: number }
        | { readonly index: EntityKey; readonly remove: string }
      )[];
      readonly outbox: readonly AnnouncedMessage[];
    },
    signal?: AbortSignal,
  ): Promise<{ readonly ok: boolean }>;
  range(
    index: EntityKey,
    query: { readonly limit: number; readonly after?: IndexMember },
    signal?: AbortSignal,
  ): Promise<IndexMember[]>;
}

export type EntityKey = readonly [partition: string, ...rest: [string, ...string[]]];

export interface StoredEntity {
  readonly value: Uint8Array;
  readonly format: number;
  readonly version: StateVersion;
}

/** Identity of a written state, in the store's own words. */
type StateVersion = string & { readonly __version: never };

export interface IndexMember {
  readonly member: string;
  readonly score: number;
}

/** A message that leaves with a change. */
export interface AnnouncedMessage {
  readonly id: string;
  readonly subject: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}
