import { nodes } from '@sallyport/contracts';
import type { Clock } from '@sallyport/runtime';
import { decode } from '../feed/format.ts';
import type { Feeds } from '../ports.ts';
import type { NodeDescription } from './announce.ts';

export interface WatchOptions {
  readonly feeds: Feeds;
  readonly clock: Clock;
  /** A message that doesn't fit the contract; it is ignored. */
  readonly onError?: (error: unknown) => void;
}

/** A process that was heard of less than 5 s ago. */
export interface PresentNode extends NodeDescription {
  /** Milliseconds since its last message. */
  readonly silentMs: number;
}

export interface PresenceWatch extends AsyncDisposable {
  /** Who is there, in the order of `instance`. Complete about a second after the watch began. */
  list(): PresentNode[];
}

const GONE_MS = 5000;
/** Whoever may send on the feed must not fill our memory; a cluster this large is none of ours. */
const MOST_NODES = 10_000;

/**
 * Listens for {@link announcePresence}. The feed may lose messages: a process is gone after 5 s without one, however it
 * ended; one that ends in order is seen draining before that. A process that starts again replaces its earlier life.
 */
export async function watchPresence({
  feeds,
  clock,
  onError,
}: WatchOptions): Promise<PresenceWatch> {
  const seen = new Map<string, { readonly node: NodeDescription; readonly at: number }>();
  const sweep = () => {
    const due = clock.monotonic() - GONE_MS;
    for (const [instance, { at }] of seen) if (at <= due) seen.delete(instance);
  };
  const listening = await feeds.listen(nodes, (message) => {
    try {
      const decoded = decode(nodes, message);
      if (decoded.kind === 'heartbeat') return;
      const { delta: node } = decoded;
      if (!seen.has(node.instance) && seen.size >= MOST_NODES) sweep();
      if (!seen.has(node.instance) && seen.size >= MOST_NODES) return;
      seen.set(node.instance, { node, at: clock.monotonic() });
    } catch (error) {
      onError?.(error);
    }
  });
  return {
    list() {
      sweep();
      const now = clock.monotonic();
      return [...seen.values()]
        .map(({ node, at }) => ({ ...node, silentMs: now - at }))
        .sort((a, b) => (a.instance < b.instance ? -1 : 1));
    },
    [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
  };
}
