import { PassThrough } from 'node:stream';
import type { AdminRouter } from '@sallyport/admin';
import type { Bus } from '@sallyport/bus';
import type { Clock, Logger } from '@sallyport/runtime';
import Type from 'typebox';
import { ProblemDocument } from '../operation.ts';
import { answerProblem, Problem } from '../problem.ts';
import { parsePosition } from './position.ts';
import { select, startOf } from './selection.ts';
import { openTail } from './tail.ts';

export interface EventRoutePorts {
  readonly events: Bus['events'];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Tails open at a time; more are answered 503. */
  readonly maxTails: number;
  /** Aborts when control drains: every tail ends. */
  readonly draining: AbortSignal;
}

const Words = Type.String({ maxLength: 256 });
const Query = Type.Object({
  type: Type.Optional(
    Type.Union([Words, Type.Array(Words, { maxItems: 32 })], {
      description: '*, tls.*, tls.handshake-completed; several by commas or repeats. Default *.',
    }),
  ),
  from: Type.Optional(
    Type.String({
      ...{ maxLength: 64, default: 'new' },
      description: 'new, all, or a time as in RFC 3339. Last-Event-ID is stronger.',
    }),
  ),
});
/** Held between the bus and a reader, bytes. */
const BUFFER = 64 * 1024;

/** Mounts `/events`: everything that happens, as server-sent events, until the reader leaves. */
export function mountEvents(router: AdminRouter, ports: EventRoutePorts): void {
  const { events, clock, logger, maxTails, draining } = ports;
  let open = 0;
  router.route({
    ...{ method: 'GET', url: '/events', exposeHeadRoute: false },
    schema: {
      ...{
        summary: 'Everything that happens, as it happens: server-sent events',
        tags: ['events'],
      },
      ...{ querystring: Query, produces: ['text/event-stream'] },
      response: { 200: Type.String(), default: ProblemDocument },
    } as object,
    handler: async (request, reply) => {
      const { type = [], from = 'new' } = request.query as {
        type?: string | string[];
        from?: string;
      };
      const last = request.headers['last-event-id'];
      const after = typeof last === 'string' && last !== '' ? parsePosition(last) : undefined;
      const selection = select([type].flat().flatMap((text) => text.split(',')));
      const start =
        after === undefined
          ? startOf(from)
          : {
              sequence:
                after.index === Number.POSITIVE_INFINITY ? after.sequence + 1 : after.sequence,
            };
      if (open >= maxTails || draining.aborted) {
        const why = draining.aborted ? 'control is draining' : `${maxTails} tails are open already`;
        return answerProblem(reply, new Problem(503, why)) as never;
      }
      open += 1;
      const sink = new PassThrough({ highWaterMark: BUFFER });
      // What goes wrong on the way to the reader is its leaving.
      sink.on('error', () => {});
      try {
        const options = { events, clock, selection, from: start, after, sink, signal: draining };
        const { ended } = await openTail(options);
        void ended.then((why) => {
          open -= 1;
          if (why === 'stalled')
            logger.warn('a reader of events stalled and was cut off', { from });
        });
      } catch (error) {
        open -= 1;
        throw error;
      }
      // Proxies on the way must not collect what should be seen at once.
      reply.header('x-accel-buffering', 'no').type('text/event-stream; charset=utf-8');
      return reply.send(sink as never);
    },
  });
}
