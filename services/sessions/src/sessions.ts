import { ownFeed, type RequestContext, relayOutbox } from '@sallyport/bus';
import {
  revocations,
  sessionsCreate,
  sessionsList,
  sessionsRenew,
  sessionsRevoke,
  tickets,
} from '@sallyport/contracts';
import { SallyportError, type Service } from '@sallyport/runtime';
import { revocationSource, ringSource } from '@sallyport/session';
import type { OutboxMessage } from '@sallyport/store';
import type { SessionsConfig } from './config.ts';
import { creator } from './create.ts';
import { ender } from './ending.ts';
import { allEnder, END_TAG } from './ending-all.ts';
import { lister } from './list.ts';
import { answered } from './metrics.ts';
import { NEWS, revocationNews } from './news.ts';
import type { SessionsPorts } from './ports.ts';
import { renewer } from './renew.ts';
import { keyKeeper } from './rotation.ts';

/** The store counts as reached for so long after its last answer, milliseconds. */
const REACHED_MS = 3_000;

/**
 * The service that writes sessions: makes, renews, ends and lists them by rpc, and owns the feeds `revocations` and
 * `tickets`. Any number of instances may run side by side over one space.
 */
export function createSessions(ports: SessionsPorts, config: SessionsConfig): Service {
  const { space, bus, clock, logger, health, rings } = ports;
  const stack = new AsyncDisposableStack();
  const closing = new AbortController();
  /** The responders, apart: they end first, with a deadline. */
  const answering: { drain(signal?: AbortSignal): Promise<void> }[] = [];
  const { concurrency } = config;

  return {
    name: 'sessions',
    async start(signal) {
      signal?.throwIfAborted();
      const source = revocationSource(space);
      let reached = Number.NEGATIVE_INFINITY;
      const beating = async (asked: AbortSignal) => {
        const head = await source.head(asked);
        reached = clock.monotonic();
        return head;
      };
      const noBeat = (feed: string) => (error: unknown) =>
        logger.warn('no heartbeat on a feed', { feed, error });
      const revocationOwner = stack.use(
        ownFeed({
          ...{ feed: revocations, feeds: bus.feeds, source: { head: beating }, clock },
          onError: noBeat('revocations'),
        }),
      );
      const ticketOwner = stack.use(
        ownFeed({
          ...{ feed: tickets, feeds: bus.feeds, source: ringSource(rings.tickets), clock },
          onError: noBeat('tickets'),
        }),
      );
      stack.use(
        health.addReadiness(
          'sessions-store',
          () => clock.monotonic() - reached < REACHED_MS || 'no answer from the store',
        ),
      );

      const news = revocationNews(ports, revocationOwner);
      const one = ender(ports, config, news);
      const all = allEnder(ports, config, news);
      stack.use(
        relayOutbox({
          outbox: space.outbox,
          outgoing: { deliver: (message, cut) => deliver(message, cut) },
          clock,
          onError: (error) => logger.warn('messages wait in the outbox', { error }),
        }),
      );
      const deliver = async (message: OutboxMessage, cut?: AbortSignal) => {
        if (message.subject === NEWS) await news.deliver(message);
        else if (message.subject === END_TAG) await all.deliver(message, cut);
        else return await bus.outgoing.deliver(message, cut);
        return { duplicate: false };
      };

      const keeper = keyKeeper(ports, config, ticketOwner);
      stack.defer(async () => {
        closing.abort();
        await keeper.look(closing.signal);
      });
      stack.use(clock.every(config.check_keys, () => void keeper.look(closing.signal)));
      await keeper.look(closing.signal);

      const keep = async (subscription: Promise<(typeof answering)[number] & AsyncDisposable>) => {
        answering.push(stack.use(await subscription));
      };
      const options = { concurrency };
      const create = creator(ports, config);
      const renew = renewer(ports, config, one);
      const list = lister(ports, config);
      await keep(
        bus.rpc.respond(
          sessionsCreate,
          options,
          counting('create', create, () => 'created'),
        ),
      );
      await keep(
        bus.rpc.respond(
          sessionsRenew,
          options,
          counting('renew', renew, (reply) => reply.outcome),
        ),
      );
      await keep(
        bus.rpc.respond(
          sessionsRevoke,
          options,
          counting(
            'revoke',
            async ({ audience, target, reason }, context) => {
              if ('session' in target) {
                const why = { audience, reason };
                return { revoked: await one.endOne(target.session, why, context.signal) };
              }
              const { subject, except } = target;
              const what = {
                ...{ audience, subject, reason },
                ...(except === undefined ? {} : { except }),
              };
              const { idempotencyKey, signal } = context;
              return { revoked: await all.endAll(what, idempotencyKey, signal) };
            },
            ({ revoked }) => (revoked > 0 ? 'revoked' : 'none'),
          ),
        ),
      );
      await keep(
        bus.rpc.respond(
          sessionsList,
          options,
          counting('list', list, () => 'listed'),
        ),
      );
    },
    async drain(signal) {
      await Promise.all(answering.map((subscription) => subscription.drain(signal)));
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await stack.disposeAsync();
    },
  };
}

/** `handler`, with its outcome counted. */
function counting<Request, Reply>(
  op: string,
  handler: (request: Request, context: RequestContext) => Promise<Reply>,
  outcomeOf: (reply: Reply) => string,
): (request: Request, context: RequestContext) => Promise<Reply> {
  return async (request, context) => {
    try {
      const reply = await handler(request, context);
      answered.add(1, { op, outcome: outcomeOf(reply) });
      return reply;
    } catch (error) {
      answered.add(1, { op, outcome: error instanceof SallyportError ? error.code : 'failed' });
      throw error;
    }
  };
}
