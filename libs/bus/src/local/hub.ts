import type { Clock } from '@sallyport/runtime';
import { createBus } from '../bus.ts';
import type { Bus, BusOptions } from '../ports.ts';
import { localBroker, type Registered } from './broker.ts';
import { Exchange } from './exchange.ts';
import { Journal, type Spawn, spawnThread } from './journal.ts';
import type { Limits } from './journal-format.ts';

export interface LocalSettings {
  /** File of the journal, or `:memory:`. Its directory must exist. One process at a time has it open. */
  readonly path: string;
  readonly clock: Clock;
  /** Largest message, bytes. Default 1 MiB, as NATS has it. */
  readonly maxPayload?: number;
  /** Defaults: events and dead letters 7 and 30 days, events 1 GiB, duplicate window 2 minutes. */
  readonly limits?: Partial<Limits>;
  /** How the journal's thread is started; for tests that lose it. */
  readonly spawn?: Spawn;
}

/** The local bus of one process: what would be the broker. Disposed after the buses that it connected. */
export interface LocalHub extends AsyncDisposable {
  /** One more client. Its disposal doesn't close the hub. */
  connect(options: BusOptions): Bus;
}

const DAY_MS = 86_400_000;
const LIMITS: Limits = {
  eventsMaxAgeMs: 7 * DAY_MS,
  eventsMaxBytes: 1024 ** 3,
  deadMaxAgeMs: 30 * DAY_MS,
  dedupeWindowMs: 120_000,
};
const PRUNE_MS = 60_000;

/** Opens the journal: `BusInUseError` when another process has it, `BusUnavailableError` when it can't be used. */
export async function openLocalHub(settings: LocalSettings): Promise<LocalHub> {
  const { path, clock, maxPayload = 1024 * 1024, spawn = spawnThread } = settings;
  const limits = { ...LIMITS, ...settings.limits };
  const consumers = new Set<Registered>();
  const listeners = new Set<(connected: boolean) => void>();
  await using stack = new AsyncDisposableStack();
  const journal = stack.use(
    await Journal.open({ path, limits }, spawn, clock, (connected) => {
      for (const listener of listeners) listener(connected);
      if (connected) for (const { wake } of consumers) wake();
    }),
  );
  stack.use(
    clock.every(PRUNE_MS, () => {
      journal.call({ op: 'prune', now: clock.now() }).catch(() => {
        // Away: the next minute does it.
      });
    }),
  );
  const owned = stack.move();
  const parts = { clock, maxPayload, journal, exchange: new Exchange(), consumers, listeners };
  return {
    connect: (options) => createBus(localBroker(parts), options),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The local bus with one client; disposing it closes the journal. */
export async function openLocalBus(settings: LocalSettings & BusOptions): Promise<Bus> {
  const hub = await openLocalHub(settings);
  const bus = hub.connect(settings);
  const closeBus = bus[Symbol.asyncDispose];
  return Object.assign(bus, {
    async [Symbol.asyncDispose]() {
      await closeBus();
      await hub[Symbol.asyncDispose]();
    },
  });
}
