import type { Bus, FeedOwner } from '@sallyport/bus';
import { entityChanged, type gateway } from '@sallyport/contracts';
import {
  type AnnouncedMessage,
  type Delta,
  feedChanges,
  type LogHead,
  type Snapshot,
} from '@sallyport/gateway';
import type { Logger } from '@sallyport/runtime';

/** The events that leave with a change, one for each entity. */
export function eventsOf(
  outgoing: Bus['outgoing'],
  { version, changes }: Delta,
  before: Snapshot,
): AnnouncedMessage[] {
  return changes.map(({ type, id, value }) => {
    const change = value === null ? 'deleted' : before.has(type, id) ? 'updated' : 'created';
    const entity = type.replaceAll('-', '_');
    return outgoing.event(entityChanged, { entity, id, change, version });
  });
}

/**
 * Tells the readers of the feed of a change that is committed. One that no message can hold isn't told: the next
 * heartbeat has its version, and readers ask the store.
 */
export function tellReaders(
  owner: FeedOwner<typeof gateway>,
  logger: Logger,
): (delta: Delta, head: LogHead) => void {
  return (delta, head) => {
    try {
      owner.announce(head, feedChanges(delta));
    } catch (error) {
      logger.warn('a change could not be announced on the feed', { version: head.version, error });
    }
  };
}
