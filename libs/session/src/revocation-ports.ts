/**
 * What revocations ask of the space `sessions` of the store: the part of a `Space` of `@sallyport/store` that they use,
 * whose comments are the contract. A library imports no other of its level, so the composition root passes the space in.
 */
export interface RevocationSpace {
  get(
    keys: readonly RevocationKey[],
    signal?: AbortSignal,
  ): Promise<(StoredRevocation | undefined)[]>;
  range(
    index: RevocationKey,
    query: { readonly limit: number; readonly after?: IndexMember },
    signal?: AbortSignal,
  ): Promise<IndexMember[]>;
}

/** The same for whoever writes: the service `sessions`. */
export interface WritableRevocationSpace extends RevocationSpace {
  commit(
    changes: {
      readonly check: readonly {
        readonly key: RevocationKey;
        readonly version: StateVersion | undefined;
      }[];
      readonly put: readonly {
        readonly key: RevocationKey;
        readonly value: Uint8Array;
        readonly format: number;
        readonly ttlMs?: number;
      }[];
      readonly index: readonly {
        readonly index: RevocationKey;
        readonly add: string;
        readonly score: number;
        readonly ttlMs: number;
      }[];
    },
    signal?: AbortSignal,
  ): Promise<{ readonly ok: boolean }>;
}

export type RevocationKey = readonly [partition: string, ...rest: [string, ...string[]]];

export interface StoredRevocation {
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
