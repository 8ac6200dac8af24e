import { AckPolicy, type ConsumerConfig, DeliverPolicy, ReplayPolicy } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import type { ConsumeOptions } from '../broker.ts';
import { BusArgumentError, BusUnavailableError } from '../errors.ts';
import type { Management } from './management.ts';
import type { Difference } from './streams.ts';
import { consumerName, type Subjects } from './subjects.ts';

/** A durable consumer as services ask for it: see `Broker.consume`. */
export type DurableOptions = Pick<ConsumeOptions, 'stream' | 'filter' | 'from' | 'ackWaitMs'> & {
  readonly durable: string;
};

/** A durable consumer as it must be at the broker. Only what nats-server 2.9 knows. */
export interface ConsumerPlan {
  readonly stream: string;
  readonly name: string;
  readonly config: Partial<ConsumerConfig>;
}

/** Of a durable consumer, over all its processes; what waits for its next try counts. */
const MAX_ACK_PENDING = 20_000;
/** What can be changed while it exists, and must be right for deliveries to be as promised. */
const TUNABLE = ['ack_wait', 'max_deliver', 'max_ack_pending'] as const;

export function durablePlan(subjects: Subjects, options: DurableOptions): ConsumerPlan {
  const name = consumerName(options.durable);
  return {
    stream: subjects.stream(options.stream),
    name,
    config: {
      durable_name: name,
      filter_subject: subjects.full(options.filter),
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(options.ackWaitMs),
      // Tries are counted and ended by the bus, which keeps what was given up; the broker would just fall silent.
      max_deliver: -1,
      max_ack_pending: MAX_ACK_PENDING,
      replay_policy: ReplayPolicy.Instant,
      // A work queue only lets its consumers begin at its beginning.
      ...start(options.stream === 'jobs' ? 'all' : options.from),
    },
  };
}

export function start(from: ConsumeOptions['from']): Partial<ConsumerConfig> {
  if (from === 'new') return { deliver_policy: DeliverPolicy.New };
  if (from === 'all') return { deliver_policy: DeliverPolicy.All };
  if ('time' in from) {
    return {
      deliver_policy: DeliverPolicy.StartTime,
      opt_start_time: new Date(from.time).toISOString(),
    };
  }
  return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Math.max(1, from.sequence) };
}

/** What differs; `BusArgumentError` when the name is taken for another filter. Where it began doesn't matter any more. */
export async function diffConsumer(
  management: Management,
  { stream, name, config }: ConsumerPlan,
  signal?: AbortSignal,
): Promise<Difference[]> {
  const info = await management.call((m) => m.consumers.info(stream, name), signal);
  const target = `consumer ${name} of ${stream}`;
  if (info === undefined) {
    return [{ target, field: '', found: undefined, wanted: config, remedy: 'create' }];
  }
  if (info.config.filter_subject !== config.filter_subject) {
    throw new BusArgumentError(
      `${target} reads '${info.config.filter_subject}' already and can't read '${config.filter_subject}'`,
    );
  }
  return TUNABLE.filter((field) => info.config[field] !== config[field]).map((field) => ({
    ...{ target, field, found: info.config[field], wanted: config[field] },
    remedy: 'update',
  }));
}

export async function applyConsumer(
  management: Management,
  { stream, name, config }: ConsumerPlan,
  differences: readonly Difference[],
  signal?: AbortSignal,
): Promise<void> {
  if (differences[0]?.remedy === 'create') {
    await createConsumer(management, stream, config, signal);
    return;
  }
  const changes = Object.fromEntries(TUNABLE.map((field) => [field, config[field]]));
  await management.call((m) => m.consumers.update(stream, name, changes), signal);
}

export async function createConsumer(
  management: Management,
  stream: string,
  config: Partial<ConsumerConfig>,
  signal?: AbortSignal,
) {
  const info = await management.call((m) => m.consumers.add(stream, config), signal);
  if (info !== undefined) return info;
  throw new BusUnavailableError(`stream ${stream} must exist`);
}
