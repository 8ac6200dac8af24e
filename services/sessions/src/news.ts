import type { FeedOwner } from '@sallyport/bus';
import type { revocations } from '@sallyport/contracts';
import { appendRevocations, type RevocationBatch, revocationDelta } from '@sallyport/session';
import type { OutboxMessage } from '@sallyport/store';
import type { SessionsPorts } from './ports.ts';

/** Subject of a message to ourselves: bring these revocations into the log. Never leaves the store. */
export const NEWS = 'sessions.news';

/** Revocations of one commit at most; of one append too. */
const MOST_AT_ONCE = 100;

/** What leaves with a commit that ended sessions, so that the log has it even if this process dies right after. */
export function newsMessage(batch: RevocationBatch): OutboxMessage {
  return { id: batch.id, subject: NEWS, body: Buffer.from(JSON.stringify(batch)) };
}

/** The way from the commits that end sessions to the log, and to the readers of the feed. */
export interface News {
  /**
   * Resolves when the batch is in the log, or the store couldn't take it: then the message of its commit brings it there.
   * A batch that is there already isn't added again.
   */
  tell(batch: RevocationBatch): Promise<void>;
  /** The same for a message of the outbox; rejects when the store couldn't take it. */
  deliver(message: Pick<OutboxMessage, 'body'>): Promise<void>;
}

interface Waiting {
  readonly batch: RevocationBatch;
  readonly settle: PromiseWithResolvers<void>;
}

/** One append at a time, with everything that came while the one before was on its way. */
export function revocationNews(
  { space, clock, logger }: Pick<SessionsPorts, 'space' | 'clock' | 'logger'>,
  owner: Pick<FeedOwner<typeof revocations>, 'announce'>,
): News {
  const waiting: Waiting[] = [];
  let running = false;

  const append = async (taken: readonly Waiting[]) => {
    const batches = taken.map(({ batch }) => batch);
    const done = await appendRevocations(space, { batches, now: clock.now() });
    for (const [i, revocation] of (done?.appended ?? []).entries()) {
      const head = { epoch: done?.epoch as string, version: (done?.version as number) + i };
      owner.announce(head, revocationDelta(revocation));
    }
  };
  const run = async () => {
    running = true;
    while (waiting.length > 0) {
      const taken = takeSome(waiting);
      try {
        await append(taken);
        for (const { settle } of taken) settle.resolve();
      } catch (error) {
        for (const { settle } of taken) settle.reject(error);
      }
    }
    running = false;
  };
  const tell = (batch: RevocationBatch) => {
    const settle = Promise.withResolvers<void>();
    waiting.push({ batch, settle });
    if (!running) void run();
    return settle.promise;
  };
  return {
    async tell(batch) {
      try {
        await tell(batch);
      } catch (error) {
        logger.warn('a revocation waits in the outbox', { batch: batch.id, error });
      }
    },
    deliver: ({ body }) => tell(JSON.parse(Buffer.from(body).toString()) as RevocationBatch),
  };
}

function takeSome(waiting: Waiting[]): Waiting[] {
  let count = 0;
  let some = 0;
  for (const { batch } of waiting) {
    some += batch.revocations.length;
    if (count > 0 && some > MOST_AT_ONCE) break;
    count += 1;
  }
  return waiting.splice(0, count);
}
