/**
 * What must be remembered, behind a port small enough to be the same over SQLite and over Redis.
 *
 * Terms. A *space* is the part of the store that one owner writes (`certs`, `sessions`, `gateway` …); brokers'
 * access rules go by it. Inside a space the first part of a key names its *partition*: what must change together
 * lives in one partition. On Redis Cluster the partition is the hash tag, so it sits whole on one node.
 *
 * Time is the store's: no adapter believes the caller's clock about what has expired.
 *
 * Disposal lets what was asked before it end first; what is asked after it rejects with `StoreClosedError`.
 */
export interface Store extends AsyncDisposable {
  /** The space called `name` (1 to 32 lower-case letters, digits, hyphens). Cheap; makes nothing in the store. */
  space(name: string): Space;
  /** Milliseconds since the epoch by the store's clock. */
  now(signal?: AbortSignal): Promise<number>;
}

/**
 * A key: its partition, then parts that name the thing inside it. Any text, no part empty; 512 bytes of UTF-8 in all.
 * A lone surrogate has no UTF-8 and is refused. Entries, counters, indexes, leases and windows are separate: one key
 * may be each of them at once.
 */
export type Key = readonly [partition: string, ...rest: [string, ...string[]]];

/** Identity of one written state of a key: changes with every write, never comes back, says nothing about order. */
export type Version = string & { readonly __version: never };

/** A stored value. */
export interface Entry {
  readonly key: Key;
  readonly value: Uint8Array;
  /** The number of the value's own format, as given at `put`; readers refuse what they don't know. */
  readonly format: number;
  readonly version: Version;
}

/**
 * Every method rejects with `StoreArgumentError` when an argument breaks a rule, before anything is sent; with
 * `StoreAccessError` when the store's access rules refuse it, and nothing was done; with
 * `StoreUnavailableError` when the store can't be reached before its deadline; and with the signal's reason when
 * that aborts first (at once, with nothing sent, when it had aborted before the call). Of the last two either may
 * come after the work was done: see {@link Space.commit}.
 *
 * At most 1,000 keys, windows or changes go into one call. Bytes handed over must not be changed until the promise
 * settles.
 */
export interface Space {
  readonly name: string;

  /**
   * The live entries at `keys`, in that order; `undefined` where there is none. One round trip per node.
   * Keys of one partition are read at one moment; across partitions they are not.
   */
  get(keys: readonly Key[], signal?: AbortSignal): Promise<(Entry | undefined)[]>;

  /** The counters at `keys`, 0 where there is none. One round trip per node. */
  counters(keys: readonly Key[], signal?: AbortSignal): Promise<number[]>;

  /**
   * Applies `changes` whole or not at all, if all its checks hold. All keys must be of one partition
   * (`PartitionError` otherwise, before anything is sent). Each entry, index member and counter may be changed once.
   * What has expired is absent, for checks too.
   *
   * A conflict is a value, not an error, and names the first check that failed. After `StoreUnavailableError` the
   * commit may have been applied or not; asking again with the same `id` is safe: a commit whose id the partition
   * has already applied within the last ten minutes answers as it did then and changes nothing, whatever its checks
   * would say by now. Conflicts aren't remembered. The id stands for the changes; nobody compares them.
   *
   * What a crash leaves: with Redis `appendfsync always` or SQLite, an acknowledged commit survives it; an
   * unacknowledged one is there whole or not at all. With `appendfsync everysec` the last second may be lost whole.
   */
  commit(changes: Changes, signal?: AbortSignal): Promise<Committed | Conflict>;

  /** Live members of an index, ordered by (score, bytes of the member's UTF-8), or the other way round. */
  range(index: Key, query?: RangeQuery, signal?: AbortSignal): Promise<Member[]>;

  /**
   * Counts a hit in each window and judges it: a sliding window made of two fixed ones,
   * `count = current + previous × (share of the previous window still in view)`. The fixed windows begin at
   * multiples of the period in store time. A window is known by key and period: one key may have several periods.
   *
   * Windows of one partition are counted and judged as one atomic step; several partitions go in one pipelined
   * trip and may each overshoot by what is in flight. The answer is in the order of `windows`.
   */
  hit(windows: readonly Window[], signal?: AbortSignal): Promise<Judgement[]>;

  /**
   * Takes the lease at `key` for `ttlMs`, unless another holder has it (then `undefined`); every call is a holder of
   * its own. It ends by itself; a holder that was paused doesn't notice, which is why it must put {@link Lease.check}
   * into every commit that the lease guards: a commit of a holder that lost it conflicts. After taking a lease, look
   * again whether the work is still to be done.
   */
  lease(key: Key, ttlMs: number, signal?: AbortSignal): Promise<Lease | undefined>;

  /** Messages committed in this space and not yet delivered. */
  readonly outbox: Outbox;
}

export interface Changes {
  /** Only needed where no key says it: an outbox alone. */
  readonly partition?: string;
  /** Makes a retry safe, see {@link Space.commit}. Default: a new one for each call. */
  readonly id?: string;
  readonly check?: readonly Check[];
  readonly put?: readonly Put[];
  readonly delete?: readonly Key[];
  readonly index?: readonly IndexChange[];
  readonly count?: readonly CounterChange[];
  /** Handed to the relay in this order, after those of earlier commits of the partition. */
  readonly outbox?: readonly OutboxMessage[];
}

/** What must be true for a commit to happen. */
export type Check =
  /** The entry is in the state that `version` names; `undefined`: nothing is there. */
  | { readonly key: Key; readonly version: Version | undefined }
  /** The lease is still held under this token: not released, not ended, not taken by another. */
  | { readonly lease: Key; readonly token: number };

export interface Put {
  readonly key: Key;
  /** 0 bytes to 8 MiB. */
  readonly value: Uint8Array;
  /** Number of the value's format, 1 to 65535. */
  readonly format: number;
  /**
   * Time to live from the commit, whole milliseconds, 1 to 100 years; without it the value stays. Either replaces what
   * was before.
   */
  readonly ttlMs?: number;
}

/**
 * Adds a member (1 to 512 bytes of UTF-8) with a finite score, −0 being 0, or changes the score and the expiry of one
 * that is there: time to live as in {@link Put}. Removing what isn't there is no mistake.
 */
export type IndexChange =
  | { readonly index: Key; readonly add: string; readonly score: number; readonly ttlMs?: number }
  | { readonly index: Key; readonly remove: string };

export interface CounterChange {
  readonly key: Key;
  /** Whole number, may be negative. A result beyond ±2^53 − 1 makes the commit fail with `CounterRangeError`. */
  readonly add: number;
  /** Restarts the time to live with every change; without it the counter's expiry is left as it is (none at first). */
  readonly ttlMs?: number;
}

export interface Committed {
  readonly ok: true;
  /** The version of everything this commit put. */
  readonly version: Version;
  /** New values of the counters, in the order of `count`. */
  readonly counters: readonly number[];
}

export interface Conflict {
  readonly ok: false;
  readonly failed: Check;
}

export interface RangeQuery {
  /** Bounds of the score, both inclusive. */
  readonly min?: number;
  readonly max?: number;
  /**
   * Only members behind this place in the order of the range: the last member of the page before, still there or not.
   */
  readonly after?: Member;
  /** 1 to 10,000, default 1,000. */
  readonly limit?: number;
  readonly reverse?: boolean;
}

export interface Member {
  readonly member: string;
  readonly score: number;
}

export interface Window {
  readonly key: Key;
  /** Length of the window, whole milliseconds, 1 to 100 years. */
  readonly periodMs: number;
  /** How many it may hold, 0 to 1,000,000,000. */
  readonly limit: number;
  /** What this hit counts, 0 to 1,000,000,000; 0 asks without counting whether the limit is exceeded. Default 1. */
  readonly cost?: number;
  /**
   * `always`: a refused hit counts too (brute force). `allowed`: none of the partition's windows marked so counts
   * the hit unless all windows of the partition in this call, of either mark, allow it (rate limits). Default `always`.
   */
  readonly count?: 'always' | 'allowed';
}

export interface Judgement {
  /** Whether the window, by itself and before rounding, held no more than its limit, this hit included. */
  readonly allowed: boolean;
  /** What the window holds after this call, rounded down. */
  readonly count: number;
  /**
   * Milliseconds until the same hit would be allowed, were there no others; 0 when it was, infinite when it costs more
   * than the limit.
   */
  readonly retryAfterMs: number;
}

/** Held until it ends by itself, is released, or is lost. */
export interface Lease extends AsyncDisposable {
  readonly key: Key;
  /** Fencing token: larger than that of every earlier holder of this key. */
  readonly token: number;
  readonly check: Check;
  /** Lets it end its full length from now; false when it was lost: released, ended (if untaken too) or taken. */
  renew(signal?: AbortSignal): Promise<boolean>;
  /** Gives it back if still held; harmless otherwise. Disposal does the same. */
  release(signal?: AbortSignal): Promise<void>;
}

/** A message that leaves with a commit. */
export interface OutboxMessage {
  /** Idempotency key for whoever receives it; like the subject 1 to 512 bytes of UTF-8. */
  readonly id: string;
  readonly subject: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** 0 bytes to 1 MiB. */
  readonly body: Uint8Array;
}

export interface Outbox {
  /**
   * The oldest undelivered messages of one partition, in commit order, at most `limit` (1 to 1,000), claimed for
   * `claimMs`: until then, or until the claim is ended, no other reader gets messages of that partition. `undefined`:
   * nothing to deliver. Partitions take turns: one that was just served comes after all others that wait.
   */
  claim(
    options: { readonly limit: number; readonly claimMs: number },
    signal?: AbortSignal,
  ): Promise<OutboxClaim | undefined>;
  /**
   * Calls back, once the commit is done, when this store committed something with an outbox in this space. Others'
   * commits are found by polling `claim`. The listener must not throw.
   */
  onCommit(listener: () => void): Disposable;
}

export interface OutboxClaim {
  readonly partition: string;
  readonly messages: readonly OutboxMessage[];
  /**
   * Removes the first `delivered` messages (0 to all) and ends the claim. False when the claim had run out or been
   * ended: then nothing was removed, and what wasn't removed will be delivered again.
   */
  end(delivered: number, signal?: AbortSignal): Promise<boolean>;
}
