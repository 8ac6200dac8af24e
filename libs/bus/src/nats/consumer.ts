import { randomBytes } from 'node:crypto';
import { AckPolicy, JetStreamApiError, ReplayPolicy } from '@nats-io/jetstream';
import { type Msg, nanos } from '@nats-io/transport-node';
import type { ConsumeOptions, Consumption, Delivery } from '../broker.ts';
import { BusArgumentError, BusClosedError, BusUnavailableError } from '../errors.ts';
import type { Connection } from './connection.ts';
import {
  applyConsumer,
  createConsumer,
  type DurableOptions,
  diffConsumer,
  durablePlan,
  start,
} from './consumer-plan.ts';
import { type DeliveryInfo, deliveryInfo, storedMessage } from './delivered.ts';
import { BusProtocolError, StreamMismatchError } from './errors.ts';
import type { Management } from './management.ts';
import { Puller } from './puller.ts';
import { mismatch } from './streams.ts';
import type { Subjects } from './subjects.ts';

/** What a consumer needs of the adapter. */
export interface ConsumerHost {
  readonly connection: Connection;
  readonly management: Management;
  readonly subjects: Subjects;
  readonly service: string;
  /** Whether durable consumers may be made and changed, or must be as they have to be. */
  readonly mode: 'create' | 'check';
}

/** An ephemeral consumer that nobody pulls from any more is removed by the broker after this. */
const ABANDONED_MS = 30_000;
const RETRY_MS = 200;
/** nats-server 2.9 is still clearing a consumer away when it says that it was deleted; made again at once, both fail. */
const SETTLE_MS = 100;
const ascii = new TextEncoder();
const ACK = ascii.encode('+ACK');
const IN_PROGRESS = ascii.encode('+WPI');
const SENT = Promise.resolve();

/** Pulls from a consumer and finds or makes it again whenever it was lost, until stopped. */
export async function openConsumer(
  host: ConsumerHost,
  options: ConsumeOptions,
  onDelivery: (delivery: Delivery) => void,
): Promise<Consumption> {
  const consumer =
    options.durable === undefined ? ephemeral(host, options) : durable(host, options);
  const running = new Running(host, consumer, options, onDelivery);
  await running.start();
  return running;
}

/** How one kind of consumer is found, and what its deliveries can do. */
interface Consumer {
  /** Makes sure that it is there; its name. */
  ensure(signal: AbortSignal): Promise<string>;
  /** Whether a broken connection leaves it useless. */
  readonly endsWithConnection: boolean;
  readonly acknowledged: boolean;
  /** False: this delivery was seen before. */
  accept(info: DeliveryInfo): boolean;
  /** After the last pull. */
  remove(name: string): Promise<void>;
}

function durable(host: ConsumerHost, options: ConsumeOptions): Consumer {
  const plan = durablePlan(host.subjects, options as DurableOptions);
  return {
    endsWithConnection: false,
    acknowledged: true,
    accept: () => true,
    remove: async () => {},
    async ensure(signal) {
      const differences = await diffConsumer(host.management, plan, signal);
      if (differences.length > 0) {
        if (host.mode === 'check') throw new StreamMismatchError(mismatch(differences));
        await applyConsumer(host.management, plan, differences, signal);
      }
      return plan.name;
    },
  };
}

function ephemeral(host: ConsumerHost, options: ConsumeOptions): Consumer {
  const { management, subjects } = host;
  const stream = subjects.stream(options.stream);
  let position: number | undefined;
  return {
    endsWithConnection: true,
    acknowledged: false,
    accept({ sequence }) {
      if (position !== undefined && sequence <= position) return false;
      position = sequence;
      return true;
    },
    async ensure(signal) {
      const from = position === undefined ? options.from : { sequence: position + 1 };
      const made = await createConsumer(
        management,
        stream,
        {
          // With a name its filter stands in the API's subject, where access rules can see it.
          name: `${host.service}_${randomBytes(9).toString('hex')}`,
          filter_subject: subjects.full(options.filter),
          ack_policy: AckPolicy.None,
          inactive_threshold: nanos(ABANDONED_MS),
          mem_storage: true,
          num_replicas: 1,
          replay_policy: ReplayPolicy.Instant,
          ...start(from),
        },
        signal,
      );
      // What the broker counts as delivered at the beginning is all before `from`.
      position ??= made.delivered.stream_seq;
      return made.name;
    },
    async remove(name) {
      // The broker does it by itself in a while; not worth an error.
      await management.call((m) => m.consumers.delete(stream, name)).catch(() => {});
    },
  };
}

class Running implements Consumption {
  readonly #host: ConsumerHost;
  readonly #consumer: Consumer;
  readonly #options: ConsumeOptions;
  readonly #onDelivery: (delivery: Delivery) => void;
  readonly #ended = new AbortController();
  #puller: Puller | undefined;
  #watch: Disposable | undefined;
  #name = '';
  #finding: Promise<void> | undefined;
  #lostMeanwhile = false;

  constructor(
    host: ConsumerHost,
    consumer: Consumer,
    options: ConsumeOptions,
    onDelivery: (delivery: Delivery) => void,
  ) {
    this.#host = host;
    this.#consumer = consumer;
    this.#options = options;
    this.#onDelivery = onDelivery;
  }

  async start(): Promise<void> {
    const { connection, service, subjects } = this.#host;
    const puller = await Puller.open(connection, {
      service,
      maxInFlight: this.#options.maxInFlight,
      onMessage: (message) => this.#received(message),
      onSurplus: (message) => {
        if (this.#consumer.acknowledged) connection.publish(message.reply ?? '', nak(0));
      },
      onGone: () => this.#find(SETTLE_MS),
    });
    this.#puller = puller;
    try {
      this.#name = await this.#consumer.ensure(this.#ended.signal);
    } catch (error) {
      await puller.stop();
      throw refused(error, this.#options);
    }
    this.#watch = connection.onConnection((connected) => {
      if (!connected) puller.pause();
      else if (this.#consumer.endsWithConnection) this.#find(0);
      else if (this.#finding === undefined) this.#begin();
    });
    puller.begin(subjects.stream(this.#options.stream), this.#name);
  }

  async stop(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort(new BusClosedError('the subscription has ended'));
    this.#watch?.[Symbol.dispose]();
    await this.#finding;
    await this.#puller?.stop();
    await this.#consumer.remove(this.#name);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #begin(): void {
    this.#puller?.begin(this.#host.subjects.stream(this.#options.stream), this.#name);
  }

  /** Finds or makes the consumer again, however long it takes, then goes on. */
  #find(afterMs: number): void {
    this.#puller?.pause();
    if (this.#finding !== undefined) {
      this.#lostMeanwhile = true;
      return;
    }
    this.#finding = this.#tryToFind(afterMs).finally(() => {
      this.#finding = undefined;
    });
  }

  async #tryToFind(afterMs: number): Promise<void> {
    const { signal } = this.#ended;
    const { clock } = this.#host.connection;
    let told = false;
    // When it ends meanwhile the pauses end early, and so does the loop.
    const pause = (ms: number) => clock.sleep(ms, signal).catch(() => {});
    if (afterMs > 0) await pause(afterMs);
    while (!signal.aborted) {
      this.#lostMeanwhile = false;
      try {
        const name = await this.#consumer.ensure(signal);
        if (this.#lostMeanwhile) continue;
        this.#name = name;
        this.#begin();
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (!told && !(error instanceof BusUnavailableError)) {
          told = true;
          this.#host.connection.report(
            new BusProtocolError(`consumer can't be found again: ${(error as Error).message}`, {
              cause: error,
            }),
            this.#options.filter,
          );
        }
        await pause(RETRY_MS);
      }
    }
  }

  #received(message: Msg): void {
    const info = deliveryInfo(message.reply ?? '');
    if (info === undefined || !this.#consumer.accept(info)) {
      this.#puller?.release();
      return;
    }
    this.#onDelivery(this.#delivery(message, info));
  }

  #delivery(message: Msg, info: DeliveryInfo): Delivery {
    const { connection, subjects } = this.#host;
    const { acknowledged } = this.#consumer;
    const reply = message.reply ?? '';
    let settled = false;
    const settle = (word: Uint8Array) => {
      if (!settled) {
        settled = true;
        if (acknowledged) connection.publish(reply, word);
        this.#puller?.release();
      }
      return SENT;
    };
    return {
      ...storedMessage(message, info, subjects),
      attempt: info.attempt,
      ack: () => settle(ACK),
      retry: (delayMs) => settle(acknowledged ? nak(delayMs) : ACK),
      extend() {
        if (!settled && acknowledged) connection.publish(reply, IN_PROGRESS);
      },
    };
  }
}

/** JetStream's negative acknowledgement, with the pause in nanoseconds. */
function nak(delayMs: number): Uint8Array {
  return ascii.encode(
    delayMs > 0 ? `-NAK ${JSON.stringify({ delay: Math.ceil(nanos(delayMs)) })}` : '-NAK',
  );
}

/** The broker's refusal of a consumer in this package's words. */
function refused(error: unknown, { stream, filter, durable: name }: ConsumeOptions): unknown {
  if (!(error instanceof JetStreamApiError)) return error;
  return new BusArgumentError(
    `the broker refuses a consumer ${name === undefined ? '' : `'${name}' `}of '${filter}' in ${stream}: ${error.message}`,
    { cause: error },
  );
}
