import type { EventType } from '@sallyport/contracts';
import type { Broker } from './broker.ts';
import { deadLetters } from './dead-letters.ts';
import { BusClosedError } from './errors.ts';
import { Publisher } from './events/publisher.ts';
import { subscribe } from './events/subscriber.ts';
import { jobs } from './jobs.ts';
import { outgoing } from './outgoing.ts';
import type {
  Bus,
  BusOptions,
  EventHandler,
  EventPattern,
  Events,
  SubscribeOptions,
  Subscription,
} from './ports.ts';
import { Deadlines } from './rpc/deadlines.ts';
import { requester } from './rpc/requester.ts';
import { respond } from './rpc/responder.ts';

/** The bus over one adapter. Owns `broker`: disposing the bus disposes it, last. */
export function createBus(broker: Broker, options: BusOptions): Bus {
  const { source, instance, clock, ids } = options;
  const origin = { source, instance, epoch: ids.next() };
  const publisher = new Publisher(broker, origin, options);
  const deadlines = new Deadlines(clock);
  const subscriptions = new Set<Subscription>();
  let closing: Promise<void> | undefined;

  const closed = () => new BusClosedError('the bus was closed');
  const open = () => {
    if (closing !== undefined) throw closed();
  };
  /** Remembers what must drain before the bus closes. */
  const keep = (inner: Subscription): Subscription => {
    const outer: Subscription = {
      drain: (signal) => inner.drain(signal).finally(() => subscriptions.delete(outer)),
      [Symbol.asyncDispose]: () => outer.drain(),
    };
    subscriptions.add(outer);
    return outer;
  };
  const close = async () => {
    const deadline = AbortSignal.timeout(options.closeTimeoutMs ?? 5_000);
    await Promise.all([...subscriptions].map((subscription) => subscription.drain(deadline)));
    await publisher.close(deadline);
    deadlines[Symbol.dispose]();
    await broker[Symbol.asyncDispose]();
  };

  const request = requester(broker, deadlines);
  const work = jobs(broker, options, keep);
  return {
    events: {
      publish: (event, data, how) => publisher.publish(event, data, how),
      record: (event, data, how) => publisher.record(event, data, how),
      flush: (signal) => publisher.flush(signal),
      pressure: () => publisher.pressure(),
      subscribe: (async (
        what: EventType | EventPattern,
        how: SubscribeOptions,
        handler: EventHandler<unknown>,
      ) => {
        open();
        return keep(await subscribe(broker, options, what, how, handler));
      }) as Events['subscribe'],
    },
    jobs: {
      async enqueue(job, data, how) {
        open();
        return work.enqueue(job, data, how);
      },
      async work(job, how, handler) {
        open();
        return work.work(job, how, handler);
      },
    },
    rpc: {
      // Not async: one more promise around each costs as much as the contract's check.
      request: (rpc, data, how) =>
        closing === undefined ? request(rpc, data, how) : Promise.reject(closed()),
      async respond(rpc, how, handler) {
        open();
        return keep(await respond(broker, deadlines, options, rpc, how, handler));
      },
    },
    feeds: {
      send: (feed, body) => broker.send(feed.subject, { headers: {}, body }),
      listen: (feed, onMessage) => broker.listen(feed.subject, ({ body }) => onMessage(body)),
    },
    deadLetters: deadLetters(broker),
    outgoing: outgoing(broker, origin, options),
    get connected() {
      return broker.connected;
    },
    [Symbol.asyncDispose]() {
      closing ??= close();
      return closing;
    },
  };
}
