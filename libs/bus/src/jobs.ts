import { ContractError, type DataOf, type JobType } from '@sallyport/contracts';
import { injectTrace, type TraceHeaders, tracer } from '@sallyport/runtime';
import type { Broker, StoredMessage } from './broker.ts';
import { consume, type Verdict } from './consuming.ts';
import { BusArgumentError } from './errors.ts';
import type { BusOptions, DeliveryContext, JobHandler, Jobs, Subscription } from './ports.ts';
import { checkId, checkSize, decodeJson, encodeJson, HEADER, HEADROOM } from './wire.ts';

const spans = tracer('@sallyport/bus');

/** A job in its wire form. */
export function jobMessage<J extends JobType>(job: J, data: DataOf<J>, id: string, time: number) {
  job.parse(data);
  const headers: Record<string, string> = {
    [HEADER.type]: 'application/json',
    [HEADER.id]: checkId('id', id),
    [HEADER.time]: String(time),
    ...injectTrace(),
  };
  return { headers, body: encodeJson(data) };
}

export function jobs(
  broker: Broker,
  bus: BusOptions,
  keep: (subscription: Subscription) => Subscription,
): Jobs {
  return {
    enqueue(job, data, { id = bus.ids.next(), signal } = {}) {
      return spans.span(`publish ${job.subject}`, { kind: 'producer' }, async () => {
        signal?.throwIfAborted();
        const message = jobMessage(job, data, id, bus.clock.now());
        checkSize(broker, job.subject, message, HEADROOM);
        const { duplicate } = await broker.append(job.subject, message, { dedupe: id, signal });
        return { id, duplicate };
      });
    },

    async work(job, { concurrency = 1, ...limits }, handler) {
      if (!Number.isInteger(concurrency) || concurrency < 1) {
        throw new BusArgumentError(`concurrency ${concurrency} must be a whole number from 1`);
      }
      const { subject } = job;
      const what = {
        ...({ stream: 'jobs', filter: subject, from: 'all', name: subject, limits } as const),
        durable: subject.replaceAll('.', '_'),
        concurrency,
        maxInFlight: concurrency,
      };
      return keep(
        await consume(broker, bus, what, (message, context) =>
          handle(job, message, context, handler),
        ),
      );
    },
  };
}

function handle<J extends JobType>(
  job: J,
  { headers, body, sequence }: StoredMessage,
  context: DeliveryContext,
  handler: JobHandler<DataOf<J>>,
): Promise<Verdict> {
  const parent = headers as TraceHeaders;
  return spans.span(`process ${job.subject}`, { kind: 'consumer', parent }, async () => {
    let data: DataOf<J>;
    try {
      data = job.parse(decodeJson(body)) as DataOf<J>;
    } catch (error) {
      if (error instanceof ContractError) return { dead: error.message };
      return { dead: `${job.subject} must be JSON in UTF-8: ${(error as Error).message}` };
    }
    const id = headers[HEADER.id] ?? `${job.subject}/${sequence}`;
    const outcome = await handler({ id, data, time: Number(headers[HEADER.time] ?? 0) }, context);
    return outcome ?? undefined;
  });
}
