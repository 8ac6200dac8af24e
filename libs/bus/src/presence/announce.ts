import { type DataOf, nodes } from '@sallyport/contracts';
import type { Clock } from '@sallyport/runtime';
import { encodeDelta } from '../feed/format.ts';
import type { Feeds } from '../ports.ts';

/** What a process tells of itself. */
export type NodeDescription = DataOf<typeof nodes>;

export interface PresenceOptions {
  readonly feeds: Feeds;
  readonly clock: Clock;
  /** Asked before every message. One that takes longer than the pause makes the next one late, not double. */
  describe(): NodeDescription | Promise<NodeDescription>;
  /** Default 1,000. Watchers give up a process after 5 s of silence. */
  readonly everyMs?: number;
  /** `describe` failed, or gave what doesn't fit the contract; nothing was sent this time. */
  readonly onError?: (error: unknown) => void;
}

/** Tells watchers that this process is there, at once and then about once a second, until disposed. */
export function announcePresence(options: PresenceOptions): AsyncDisposable {
  const { feeds, clock, describe, everyMs = 1000, onError } = options;
  let ended = false;
  let asking: Promise<void> | undefined;
  // A process has nothing that could be missed: its epoch is its start, and each message replaces the one before.
  let version = 0;

  const tell = async () => {
    try {
      const node = await describe();
      if (ended) return;
      version += 1;
      feeds.send(nodes, encodeDelta(nodes, { epoch: node.started, version }, node));
    } catch (error) {
      onError?.(error);
    } finally {
      asking = undefined;
    }
  };
  const tick = () => {
    asking ??= tell();
  };
  const timer = clock.every(everyMs, tick);
  tick();
  return {
    async [Symbol.asyncDispose]() {
      ended = true;
      timer[Symbol.dispose]();
      await asking;
    },
  };
}
