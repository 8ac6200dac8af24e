/** A ring of keys as its readers follow it, by shape a `KeyRing` of `@sallyport/pki`. */
export interface FollowedRing {
  /** Grows by one with every change. */
  readonly revision: number;
  /** Reads the store again. */
  reload(signal?: AbortSignal): Promise<boolean>;
}

interface RingHead {
  readonly epoch: string;
  readonly version: number;
}

/** By shape a `FeedSource` of `@sallyport/bus`: the data of a delta is that of the feed `tickets`. */
export interface RingSource<Ring> {
  head(signal?: AbortSignal): Promise<RingHead>;
  snapshot(signal?: AbortSignal): Promise<RingHead & { readonly value: Ring }>;
  since(
    at: RingHead,
    signal?: AbortSignal,
  ): Promise<
    readonly { readonly version: number; readonly delta: { revision: number } }[] | undefined
  >;
}

/** There is one numbering: a ring that went back to an earlier revision is refused by whoever reads it. */
export const RING_EPOCH = 'ring';

/**
 * Where the feed of a ring's revisions comes from: the ring itself, so versions are its revisions. Each question reads the
 * ring again, so who follows has the keys by the time a change is told.
 */
export function ringSource<Ring extends FollowedRing>(ring: Ring): RingSource<Ring> {
  const head = async (signal?: AbortSignal) => {
    await ring.reload(signal);
    return { epoch: RING_EPOCH, version: ring.revision };
  };
  return {
    head,
    snapshot: async (signal) => ({ ...(await head(signal)), value: ring }),
    async since(at, signal) {
      const { version } = await head(signal);
      if (at.epoch !== RING_EPOCH || at.version > version) return undefined;
      return Array.from({ length: version - at.version }, (_, i) => {
        const revision = at.version + 1 + i;
        return { version: revision, delta: { revision } };
      });
    },
  };
}
