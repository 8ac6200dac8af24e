import type { DataOf, FeedType } from '@sallyport/contracts';
import type { Clock } from '@sallyport/runtime';
import type { Feeds } from '../ports.ts';
import { encodeDelta, encodeHeartbeat, HEARTBEAT_MS } from './format.ts';
import type { FeedHead, FeedSource } from './ports.ts';

export interface FeedOwnerOptions<F extends FeedType> {
  readonly feed: F;
  readonly feeds: Feeds;
  readonly source: Pick<FeedSource<unknown, DataOf<F>>, 'head'>;
  readonly clock: Clock;
  /** Default 500. Readers must be told when it differs. */
  readonly heartbeatMs?: number;
  /** The head couldn't be read: no heartbeat goes out, so readers become stale. */
  readonly onError?: (error: unknown) => void;
}

/**
 * Tells readers of changes and, twice a second, which version is the newest. Several processes may own one feed side by
 * side: versions come from the store, and each heartbeat says what the store says, so a change whose owner died before
 * announcing it is noticed too.
 */
export interface FeedOwner<F extends FeedType> extends AsyncDisposable {
  /** To be called after `delta` was committed as version `head.version`. Never waits; may get lost, which readers notice. */
  announce(head: FeedHead, delta: DataOf<F>): void;
}

export function ownFeed<F extends FeedType>(options: FeedOwnerOptions<F>): FeedOwner<F> {
  const { feed, feeds, source, clock, heartbeatMs = HEARTBEAT_MS, onError } = options;
  const closing = new AbortController();
  let asking: Promise<void> | undefined;

  const beat = async () => {
    const began = clock.monotonic();
    try {
      const head = await source.head(closing.signal);
      // An answer that took longer says nothing about now.
      if (!closing.signal.aborted && clock.monotonic() - began <= heartbeatMs) {
        feeds.send(feed, encodeHeartbeat(head));
      }
    } catch (error) {
      if (!closing.signal.aborted) onError?.(error);
    } finally {
      asking = undefined;
    }
  };
  const tick = () => {
    asking ??= beat();
  };
  const timer = clock.every(heartbeatMs, tick);
  tick();
  return {
    announce: (head, delta) => feeds.send(feed, encodeDelta(feed, head, delta)),
    async [Symbol.asyncDispose]() {
      timer[Symbol.dispose]();
      closing.abort();
      await asking;
    },
  };
}
