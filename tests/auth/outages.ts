import { type Bus, BusUnavailableError } from '@sallyport/bus';
import { type Space, StoreUnavailableError, type Window } from '@sallyport/store';

/** Switches for what can be away, and how often the store was asked for windows. */
export interface Outages {
  store: boolean;
  bus: boolean;
  hits: number;
}

export const noOutages = (): Outages => ({ store: false, bus: false, hits: 0 });

/** A space whose calls reject at once while the store is away. */
export function failingSpace(space: Space, outages: Outages): Space {
  const guarded =
    <Args extends unknown[], T>(call: (...args: Args) => Promise<T>) =>
    async (...args: Args) => {
      if (outages.store) throw new StoreUnavailableError('the store is away, says the test');
      return await call(...args);
    };
  return {
    name: space.name,
    get: guarded(space.get.bind(space)),
    counters: guarded(space.counters.bind(space)),
    commit: guarded(space.commit.bind(space)),
    range: guarded(space.range.bind(space)),
    hit: guarded(async (windows: readonly Window[], signal?: AbortSignal) => {
      outages.hits += 1;
      return await space.hit(windows, signal);
    }),
    lease: guarded(space.lease.bind(space)),
    outbox: {
      claim: guarded(space.outbox.claim.bind(space.outbox)),
      onCommit: (listener) => space.outbox.onCommit(listener),
    },
  };
}

type AuthBus = Pick<Bus, 'events' | 'jobs' | 'rpc' | 'feeds' | 'outgoing'>;

/** A bus that takes nothing durable while it is away. Questions still come in, or nobody could ask. */
export function failingBus(bus: Bus, outages: Outages): AuthBus {
  const check = () => {
    if (outages.bus) throw new BusUnavailableError('the bus is away, says the test');
  };
  const { events, jobs, outgoing } = bus;
  return {
    rpc: bus.rpc,
    feeds: {
      send: (feed, message) => {
        if (!outages.bus) bus.feeds.send(feed, message);
      },
      listen: (feed, onMessage) => bus.feeds.listen(feed, onMessage),
    },
    events: {
      publish: events.publish.bind(events),
      subscribe: events.subscribe.bind(events),
      flush: events.flush.bind(events),
      pressure: events.pressure.bind(events),
      async record(event, data, options) {
        check();
        return await events.record(event, data, options);
      },
    },
    jobs: {
      work: jobs.work.bind(jobs),
      async enqueue(job, data, options) {
        check();
        return await jobs.enqueue(job, data, options);
      },
    },
    outgoing: {
      event: outgoing.event.bind(outgoing),
      job: outgoing.job.bind(outgoing),
      async deliver(message, signal) {
        check();
        return await outgoing.deliver(message, signal);
      },
    },
  };
}
