import type { DataOf, FeedType } from '@sallyport/contracts';
import type { Clock } from '@sallyport/runtime';
import type { Feeds } from '../ports.ts';
import { decode, HEARTBEAT_MS, MISSED } from './format.ts';
import type { FeedHead, FeedSource } from './ports.ts';

export interface FeedReaderOptions<F extends FeedType, Value> {
  readonly feed: F;
  readonly feeds: Feeds;
  readonly source: FeedSource<Value, DataOf<F>>;
  readonly clock: Clock;
  /** Takes the value whole. Neither this nor {@link apply} may wait; when one throws, a snapshot is asked for. */
  readonly reset: (value: Value, head: FeedHead) => void;
  /** Takes the change that leads from version − 1 to `version`. */
  readonly apply: (delta: DataOf<F>, version: number) => void;
  /** What the caller has already, such as a snapshot kept on disk: it is brought up to date instead of replaced. */
  readonly initial?: FeedHead;
  /** The owner's. Default 500. */
  readonly heartbeatMs?: number;
  /** How long a missing version may be on its way (owners side by side) before the source is asked. Default 100. */
  readonly gapMs?: number;
  /** How often the source is asked while no heartbeat comes. Default 2,000. */
  readonly pollMs?: number;
  /** Called when {@link FeedReader.fresh} changes: for the metric and the log. */
  readonly onFresh?: (fresh: boolean) => void;
  /** The source failed, a message couldn't be read, a callback threw. It is tried again. */
  readonly onError?: (error: unknown) => void;
}

/** A copy of what a feed's owner has, and whether it is up to date. */
export interface FeedReader extends AsyncDisposable {
  /**
   * True: everything committed until 3 heartbeats ago (1.5 s), less what messages take to arrive, has been applied.
   * False as soon as a version is known to be missing, a numbering is doubtful, or three heartbeats were missed. Computed
   * when read, so it is right even when a timer is late.
   */
  readonly fresh: boolean;
  /** What was applied last; `undefined`: nothing yet. */
  readonly head: FeedHead | undefined;
  /** Milliseconds since it was last fresh; 0 when it is. For the metric. */
  readonly staleMs: number;
  /** Resolves once there is a value. */
  ready(signal?: AbortSignal): Promise<void>;
}

const RETRY_MS = [50, 100, 250, 500, 1000];
/** Deltas kept while an earlier one is missing; beyond, the source has them. */
const MAX_KEPT = 1000;

/** Begins to listen, then brings itself up to date in the background. */
export async function followFeed<F extends FeedType, Value>(
  options: FeedReaderOptions<F, Value>,
): Promise<FeedReader> {
  const reader = new Reader(options);
  await reader.start();
  return reader;
}

class Reader<F extends FeedType, Value> implements FeedReader {
  readonly #options: FeedReaderOptions<F, Value>;
  readonly #silenceMs: number;
  readonly #stack = new AsyncDisposableStack();
  readonly #closing = new AbortController();
  readonly #ready = Promise.withResolvers<void>();
  #head: FeedHead | undefined;
  /** A value was applied, or the caller had one. */
  #valued: boolean;
  /** The newest version heard of in the epoch of #head. */
  #high = 0;
  /** Deltas that came before their turn. */
  readonly #kept = new Map<number, DataOf<F>>();
  /**
   * Messages of another numbering, or unreadable ones: the source must say what counts. How many there were, and how
   * many before the last question that was answered.
   */
  #doubts = 0;
  #resolved = 0;
  /** Only a snapshot helps: there is no value yet, or a callback threw half way. */
  #broken: boolean;
  #heardAt = Number.NEGATIVE_INFINITY;
  #freshAt: number;
  #wasFresh = false;
  #missingSince: number | undefined;
  #polledAt = Number.NEGATIVE_INFINITY;
  #syncing: Promise<void> | undefined;

  constructor(options: FeedReaderOptions<F, Value>) {
    this.#options = options;
    this.#silenceMs = MISSED * (options.heartbeatMs ?? HEARTBEAT_MS);
    this.#head = options.initial;
    this.#valued = options.initial !== undefined;
    this.#broken = options.initial === undefined;
    this.#freshAt = options.clock.monotonic();
    if (this.#valued) this.#ready.resolve();
    // Without anybody in ready() a rejection on disposal would be unhandled.
    this.#ready.promise.catch(() => {});
  }

  async start(): Promise<void> {
    const { feeds, feed, clock, heartbeatMs = HEARTBEAT_MS, gapMs = 100 } = this.#options;
    this.#stack.use(await feeds.listen(feed, (body) => this.#hear(body)));
    const tick = Math.max(1, Math.min(gapMs, heartbeatMs / 5));
    this.#stack.use(clock.every(tick, () => this.#tick()));
    this.#sync(true);
  }

  get fresh(): boolean {
    return (
      this.#valued &&
      !this.#broken &&
      this.#doubts === this.#resolved &&
      (this.#head?.version ?? 0) >= this.#high &&
      this.#options.clock.monotonic() - this.#heardAt <= this.#silenceMs
    );
  }

  get head(): FeedHead | undefined {
    return this.#head;
  }

  get staleMs(): number {
    return this.fresh ? 0 : this.#options.clock.monotonic() - this.#freshAt;
  }

  async ready(signal?: AbortSignal): Promise<void> {
    if (signal === undefined) return this.#ready.promise;
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    this.#ready.promise.then(resolve, reject);
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#stack.disposeAsync();
    await this.#syncing;
    this.#ready.reject(this.#closing.signal.reason);
  }

  #hear(body: Uint8Array): void {
    const { feed, clock, onError } = this.#options;
    let message: ReturnType<typeof decode<F>>;
    try {
      message = decode(feed, body);
    } catch (error) {
      // Newer than this process, or damaged: the source knows better, and says so in its own words.
      onError?.(error);
      this.#doubts += 1;
      this.#sync(false);
      this.#note();
      return;
    }
    const { epoch, version } = message;
    if (epoch !== this.#head?.epoch) {
      this.#doubts += 1;
      this.#sync(true);
    } else {
      this.#high = Math.max(this.#high, version);
      if (message.kind === 'heartbeat') this.#heardAt = clock.monotonic();
      else if (version > this.#head.version) {
        if (this.#kept.size < MAX_KEPT) this.#kept.set(version, message.delta);
        this.#applyKept();
      }
    }
    this.#note();
  }

  /** Looks whether something has been missing for too long. */
  #tick(): void {
    const { clock, gapMs = 100, pollMs = 2_000 } = this.#options;
    const now = clock.monotonic();
    const version = this.#head?.version ?? 0;
    if (version >= this.#high) this.#missingSince = undefined;
    else if (this.#missingSince === undefined) this.#missingSince = now;
    else if (now - this.#missingSince >= gapMs) this.#sync(true);
    if (now - this.#heardAt > this.#silenceMs && now - this.#polledAt >= pollMs) this.#sync(false);
    this.#note();
  }

  /**
   * Asks the source, once at a time. `counts`: the answer is as good as a heartbeat. It isn't while heartbeats are
   * missed: then the reader follows by polling, but stale it is.
   */
  #sync(counts: boolean): void {
    if (this.#syncing !== undefined || this.#closing.signal.aborted) return;
    this.#polledAt = this.#options.clock.monotonic();
    this.#syncing = this.#catchUp(counts).finally(() => {
      this.#syncing = undefined;
      this.#note();
    });
  }

  async #catchUp(counts: boolean): Promise<void> {
    const { clock, onError } = this.#options;
    const { signal } = this.#closing;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      const began = clock.monotonic();
      try {
        await this.#ask(signal);
        if (counts) this.#heardAt = Math.max(this.#heardAt, began);
        this.#note();
        const sure = this.#doubts === this.#resolved && !this.#broken;
        if (sure && (this.#head?.version ?? 0) >= this.#high) return;
      } catch (error) {
        if (signal.aborted) return;
        onError?.(error);
      }
      try {
        await clock.sleep(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] as number, signal);
      } catch {
        return; // disposed
      }
    }
  }

  /** One question to the source, and its answer applied. */
  async #ask(signal: AbortSignal): Promise<void> {
    const { source } = this.#options;
    const at = this.#head;
    // Doubt that arises while the source answers is about what it hasn't seen yet.
    const doubts = this.#doubts;
    const deltas = at === undefined || this.#broken ? undefined : await source.since(at, signal);
    if (deltas === undefined) {
      const { value, epoch, version } = await source.snapshot(signal);
      this.#reset(value, { epoch, version });
    } else {
      for (const { version, delta } of deltas) this.#take(version, delta);
      this.#applyKept();
    }
    this.#resolved = doubts;
  }

  #reset(value: Value, head: FeedHead): void {
    const sameNumbering = head.epoch === this.#head?.epoch;
    // An older value than we have: the source lags behind what it said before. Ask again.
    if (sameNumbering && !this.#broken && head.version < (this.#head?.version ?? 0)) {
      this.#doubts += 1;
      return;
    }
    if (!sameNumbering) {
      this.#kept.clear();
      this.#high = 0;
    }
    this.#high = Math.max(this.#high, head.version);
    this.#broken = true;
    this.#options.reset(value, head);
    this.#broken = false;
    this.#head = head;
    this.#valued = true;
    this.#ready.resolve();
    this.#applyKept();
  }

  /** Applies what follows, and forgets what is past. */
  #applyKept(): void {
    if (this.#broken) return;
    try {
      for (;;) {
        const version = (this.#head?.version ?? 0) + 1;
        const delta = this.#kept.get(version);
        if (delta === undefined) break;
        this.#take(version, delta);
      }
    } catch (error) {
      this.#options.onError?.(error);
      this.#sync(true);
    }
    for (const version of this.#kept.keys()) {
      if (version <= (this.#head?.version ?? 0)) this.#kept.delete(version);
    }
  }

  #take(version: number, delta: DataOf<F>): void {
    const head = this.#head;
    if (head === undefined || version !== head.version + 1) return;
    this.#broken = true;
    this.#options.apply(delta, version);
    this.#broken = false;
    this.#head = { epoch: head.epoch, version };
    this.#high = Math.max(this.#high, version);
  }

  #note(): void {
    const fresh = this.fresh;
    if (fresh || this.#wasFresh) this.#freshAt = this.#options.clock.monotonic();
    if (fresh === this.#wasFresh) return;
    this.#wasFresh = fresh;
    this.#options.onFresh?.(fresh);
  }
}
