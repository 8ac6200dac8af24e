import { type Feeds, followFeed } from '@sallyport/bus';
import { tickets } from '@sallyport/contracts';
import type { KeyRing } from '@sallyport/pki';
import type { Clock, Logger } from '@sallyport/runtime';
import { ringSource } from '@sallyport/session';
import type { TicketKeys } from '../front/ticket-keys.ts';
import { noteFresh } from '../sessions/metrics.ts';
import { ticketKeys } from './ticket-keys.ts';

export interface TicketPorts {
  readonly feeds: Feeds;
  /** The ring `tickets`. */
  readonly ring: KeyRing;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes new keys into use: `Front.rotateTicketKeys`. */
  readonly rotate: (keys: TicketKeys) => void;
}

/** How often the ring is asked for a revision that was told of and couldn't be read. */
const RETRY_MS = 1000;

/**
 * Follows the ring of ticket keys: whoever resumes at another edge, or after a rotation, is understood. `rotate` is called with the keys
 * there are before this resolves, and again whenever they change. While nothing can be heard or read the last keys serve.
 */
export async function followTickets(ports: TicketPorts): Promise<AsyncDisposable> {
  const { feeds, ring, clock, logger } = ports;
  let used = 0;
  let wanted = 0;
  let reading = false;

  const use = () => {
    if (ring.revision === used) return;
    ports.rotate(ticketKeys(ring));
    used = ring.revision;
    logger.info('TLS ticket keys are in use', { revision: used });
  };
  const read = async () => {
    if (reading) return;
    reading = true;
    try {
      await ring.reload();
      use();
    } catch (error) {
      logger.warn('TLS ticket keys could not be read', { revision: wanted, error });
    } finally {
      reading = false;
    }
  };
  use();

  await using stack = new AsyncDisposableStack();
  stack.use(
    await followFeed({
      ...{ feed: tickets, feeds, clock, source: ringSource(ring), reset: use },
      apply: ({ revision }) => {
        wanted = Math.max(wanted, revision);
        if (ring.revision >= wanted) use();
        else void read();
      },
      onFresh: (fresh) => noteFresh('tickets', fresh),
      onError: (error) => logger.debug('TLS ticket keys could not be followed', { error }),
    }),
  );
  stack.use(
    clock.every(RETRY_MS, () => {
      if (used < wanted) void read();
    }),
  );
  const owned = stack.move();
  return { [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
