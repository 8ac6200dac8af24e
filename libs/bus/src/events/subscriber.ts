import {
  ContractError,
  type Dropped,
  decodeBatch,
  decodeEvents,
  type Envelope,
  type EventType,
  isDropNotice,
} from '@sallyport/contracts';
import { tracer } from '@sallyport/runtime';
import type { Broker, StoredMessage } from '../broker.ts';
import { consume, type Verdict } from '../consuming.ts';
import { bury, original, redoSubject } from '../dead-letters.ts';
import { BusArgumentError } from '../errors.ts';
import type {
  BusOptions,
  DeliveryContext,
  EventHandler,
  EventPattern,
  SubscribeOptions,
  Subscription,
} from '../ports.ts';
import { decodeJson, encodeJson } from '../wire.ts';

const spans = tracer('@sallyport/bus');

const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const PATTERN = /^(\*|[a-z][a-z0-9]*(-[a-z0-9]+)*\.\*)$/;
/** Batches an ephemeral subscription holds ahead of its handler. */
const AHEAD = 16;

/** The subscribing half of `Events`. */
export async function subscribe(
  broker: Broker,
  bus: BusOptions,
  what: EventType | EventPattern,
  options: SubscribeOptions,
  handler: EventHandler<unknown>,
): Promise<Subscription> {
  const { durable, from = 'new', onDropped, ...limits } = options;
  if (durable !== undefined && (!NAME.test(durable) || durable.length > 64)) {
    throw new BusArgumentError(
      `durable '${durable}' must be at most 64 lower-case letters, digits and single hyphens`,
    );
  }
  const filter = typeof what === 'string' ? subjects(what) : what.subject;
  const decode =
    typeof what === 'string' ? decodeAny : (body: Uint8Array) => decodeEvents(what, body);
  const name = durable ?? 'ephemeral';
  const one = new Reader(broker, name, decode, handler, onDropped, bus.onFault);
  const work = (message: StoredMessage, context: DeliveryContext) => one.read(message, context);
  const common = { limits, concurrency: 1, name };

  const stack = new AsyncDisposableStack();
  const drains: Subscription[] = [];
  const add = (subscription: Subscription) => drains.push(stack.use(subscription));
  try {
    // One delivery at a time for a durable name: what is held ahead would count as tried when this process dies.
    const maxInFlight = durable === undefined ? AHEAD : 1;
    const stored = { stream: 'events', filter, durable, from, maxInFlight, ...common } as const;
    add(await consume(broker, bus, stored, work));
    if (durable !== undefined) {
      const queue = { stream: 'jobs', filter: redoSubject(durable), from: 'all' } as const;
      const again = { ...queue, durable: `redo_${durable}`, maxInFlight: 1, ...common };
      add(
        await consume(broker, bus, again, (message, context) => work(original(message), context)),
      );
    }
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
  return {
    drain: async (signal) => {
      await Promise.all(drains.map((subscription) => subscription.drain(signal)));
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function subjects(pattern: EventPattern): string {
  if (!PATTERN.test(pattern)) {
    throw new BusArgumentError(`pattern '${pattern}' must be '*' or a domain followed by '.*'`);
  }
  return pattern === '*' ? 'evt.>' : `evt.${pattern.slice(0, -1)}>`;
}

/** Envelopes checked, notices checked, data as it came. */
function decodeAny(body: Uint8Array): Envelope[] {
  const events = decodeBatch(body);
  for (const event of events) isDropNotice(event);
  return events;
}

/** Gives the events of a message to the handler, one after the other. */
class Reader {
  readonly #broker: Broker;
  readonly #name: string;
  readonly #decode: (body: Uint8Array) => Envelope[];
  readonly #handler: EventHandler<unknown>;
  readonly #onDropped: ((notice: Envelope<Dropped>) => void) | undefined;
  readonly #onFault: BusOptions['onFault'];
  /** Batches that failed half way: how many of their events are done. Another process begins at the first. */
  readonly #begun = new Map<string, number>();

  constructor(
    broker: Broker,
    name: string,
    decode: (body: Uint8Array) => Envelope[],
    handler: EventHandler<unknown>,
    onDropped: ((notice: Envelope<Dropped>) => void) | undefined,
    onFault: BusOptions['onFault'],
  ) {
    this.#broker = broker;
    this.#name = name;
    this.#decode = decode;
    this.#handler = handler;
    this.#onDropped = onDropped;
    this.#onFault = onFault;
  }

  async read(message: StoredMessage, context: DeliveryContext): Promise<Verdict> {
    let events: Envelope[];
    try {
      events = this.#decode(message.body);
    } catch (error) {
      if (!(error instanceof ContractError)) throw error;
      const good = await this.#sort(message, context.attempt, error);
      if (good === undefined) return { dead: error.message };
      events = good;
    }
    const { sequence, subject: lane } = message;
    const place = `${lane}/${sequence}`;
    const info = { ...context, sequence, lane };
    let done = this.#begun.get(place) ?? 0;
    try {
      for (; done < events.length; done += 1) {
        context.signal.throwIfAborted();
        const event = events[done] as Envelope;
        if (isDropNotice(event)) this.#onDropped?.(event);
        else await this.#handle(event, info);
      }
      this.#begun.delete(place);
    } catch (error) {
      if (done > 0) this.#remember(place, done);
      throw error;
    }
    return undefined;
  }

  #handle(event: Envelope, info: Parameters<EventHandler<unknown>>[1]): unknown {
    const { traceparent, tracestate } = event;
    if (traceparent === undefined) return this.#handler(event, info);
    const parent = { traceparent, ...(tracestate === undefined ? {} : { tracestate }) };
    return spans.span(`process ${info.lane}`, { kind: 'consumer', parent }, async () =>
      this.#handler(event, info),
    );
  }

  /**
   * The events of a message that fit, when some do; those that don't become a dead letter of their own, so that one bad
   * event doesn't take its neighbours along. `undefined` when none fits.
   */
  async #sort(message: StoredMessage, attempt: number, fault: ContractError) {
    let raw: unknown;
    try {
      raw = decodeJson(message.body);
    } catch {
      return undefined; // not JSON: the fault says so
    }
    if (!Array.isArray(raw) || raw.length < 2) return undefined;
    const good: Envelope[] = [];
    const bad: unknown[] = [];
    for (const event of raw) {
      try {
        good.push(...this.#decode(encodeJson([event])));
      } catch (error) {
        if (!(error instanceof ContractError)) throw error;
        bad.push(event);
      }
    }
    if (good.length === 0) return undefined;
    this.#onFault?.({ kind: 'poison', subject: message.subject, error: fault });
    const letter = { ...message, body: encodeJson(bad), attempt };
    const why = { reason: fault.message, consumer: this.#name, part: '/bad' };
    if (this.#name !== 'ephemeral') await bury(this.#broker, letter, why);
    return good;
  }

  #remember(place: string, done: number): void {
    this.#begun.delete(place);
    this.#begun.set(place, done);
    const [oldest] = this.#begun.keys();
    if (this.#begun.size > 100 && oldest !== undefined) this.#begun.delete(oldest);
  }
}
