import { type NatsOptions, natsSettings } from './config.ts';
import { Connection } from './connection.ts';
import { applyConsumer, type DurableOptions, diffConsumer, durablePlan } from './consumer-plan.ts';
import { openManagement } from './management.ts';
import {
  applyStreams,
  type Difference,
  diffStreams,
  type StreamLimits,
  streamPlan,
} from './streams.ts';
import { subjectsUnder } from './subjects.ts';

/** Streams and durable consumers of a broker, as code. What `sallyport streams` works with. */
export interface Topology extends AsyncDisposable {
  /** What {@link apply} would change; empty when all is as it must be. Changes nothing. */
  diff(signal?: AbortSignal): Promise<Difference[]>;
  /**
   * Makes what is missing and changes what differs; answers what it changed. `StreamMismatchError`, before anything
   * is changed, when a stream differs in what the broker can't change; `BusArgumentError` when a consumer's name is
   * taken for another filter.
   */
  apply(signal?: AbortSignal): Promise<Difference[]>;
}

/** `limits.replicas` wins over `options.replicas`. Errors as of `openNatsBroker`, except that nothing is checked yet. */
export async function openNatsTopology(
  options: NatsOptions & {
    readonly limits?: StreamLimits;
    readonly consumers?: readonly DurableOptions[];
  },
): Promise<Topology> {
  const settings = natsSettings(options);
  const subjects = subjectsUnder(settings.prefix);
  const { replicas, clock, ackTimeoutMs } = settings;
  const streams = streamPlan(subjects, { replicas, ...options.limits });
  const consumers = (options.consumers ?? []).map((c) => durablePlan(subjects, c));
  const connection = await Connection.open(settings, clock, settings.onError);
  const management = await openManagement(connection, ackTimeoutMs);
  return {
    async diff(signal) {
      const differences = await diffStreams(management, streams, signal);
      for (const plan of consumers) {
        differences.push(...(await diffConsumer(management, plan, signal)));
      }
      return differences;
    },
    async apply(signal) {
      const changed = await applyStreams(management, streams, signal);
      for (const plan of consumers) {
        const own = await diffConsumer(management, plan, signal);
        if (own.length > 0) await applyConsumer(management, plan, own, signal);
        changed.push(...own);
      }
      return changed;
    },
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}
