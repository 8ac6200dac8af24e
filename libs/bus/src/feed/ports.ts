/**
 * Where a feed's state lives, behind its owner: a value with a version, and the log of the changes that made it. The
 * composition root makes one over the store.
 */
export interface FeedSource<Value, Delta> {
  /** The newest committed version. One cheap read: owners ask for every heartbeat. */
  head(signal: AbortSignal): Promise<FeedHead>;
  /** The value whole, and the version it has. */
  snapshot(signal: AbortSignal): Promise<FeedHead & { readonly value: Value }>;
  /**
   * The changes after `at`, in order, without a gap; empty when `at` is the head. `undefined` when the log doesn't reach
   * back that far, or `at` is of another epoch or ahead of the head: then only a snapshot helps.
   */
  since(
    at: FeedHead,
    signal: AbortSignal,
  ): Promise<readonly { readonly version: number; readonly delta: Delta }[] | undefined>;
}

export interface FeedHead {
  /**
   * Names one numbering of versions. A new one when numbering begins again: the store was emptied, or restored from a
   * backup. A restart of the owner isn't that. Compared for equality only.
   */
  readonly epoch: string;
  /** Grows by 1 with every committed change; 0: nothing was ever committed. */
  readonly version: number;
}
