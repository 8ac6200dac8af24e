import type { Clock } from '@sallyport/runtime';
import type { ConsumeOptions, Delivery, StoredMessage } from '../broker.ts';
import type { Journal } from './journal.ts';
import type { Op, Row } from './journal-format.ts';
import { isAway, Pump } from './pump.ts';

/** Messages read at once by an ephemeral consumer. */
const CHUNK = 64;

interface Parts {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly options: ConsumeOptions;
  readonly onDelivery: (delivery: Delivery) => void;
}

export function message({ sequence, subject, time, headers, body }: Row): StoredMessage {
  return { sequence, subject, time, headers: JSON.parse(headers), body };
}

/** Shares the messages of a durable name with all who consume under it; `wakeAll` wakes them. */
export function durablePump(parts: Parts, durable: string, wakeAll: () => void) {
  const { journal, clock, options, onDelivery } = parts;
  const stopping = new AbortController();
  let timerDue = Number.POSITIVE_INFINITY;

  /** Looks again when a delivery falls due. */
  const wakeAt = (due: number) => {
    if (due >= timerDue) return;
    timerDue = due;
    clock.sleep(Math.max(1, due - clock.now()), stopping.signal).then(
      () => {
        if (timerDue === due) timerDue = Number.POSITIVE_INFINITY;
        pump.wake();
      },
      () => {}, // stopped
    );
  };

  const deliver = (row: Row & { readonly attempt: number }): Delivery => {
    const { sequence } = row;
    let open = true;
    const settle = async (op: Op) => {
      if (!open) return;
      open = false;
      // Asked for before the next ones are taken, so that it happens before.
      const told = journal.call(op);
      pump.giveBack();
      try {
        await told;
      } catch (error) {
        if (!isAway(error)) throw error;
      }
      if (op.op === 'retry') wakeAll();
    };
    return {
      ...message(row),
      attempt: row.attempt,
      ack: () => settle({ op: 'ack', durable, sequence }),
      retry: (ms) => settle({ op: 'retry', durable, sequence, due: clock.now() + ms }),
      extend: () => {
        if (!open) return;
        const due = clock.now() + options.ackWaitMs;
        journal.call({ op: 'extend', durable, sequence, due }).catch(() => {
          // Away: the delivery may come again, as the port says.
        });
      },
    };
  };

  const pump = new Pump(options.maxInFlight, async (limit, stopped) => {
    const now = clock.now();
    const { ackWaitMs } = options;
    const { rows, due } = await journal.call({ op: 'take', durable, limit, ackWaitMs, now });
    if (due !== undefined) wakeAt(due);
    for (const row of rows) {
      pump.take();
      const delivery = deliver(row);
      // Stopped while the answer was on its way: nobody would look at it.
      if (stopped()) await delivery.retry(0);
      else onDelivery(delivery);
    }
    return rows.length === limit;
  });
  return {
    wake: () => pump.wake(),
    async stop() {
      stopping.abort();
      await pump.stop();
    },
  };
}

/** Everything once, after a position; remembered only here. */
export function ephemeralPump({ journal, options, onDelivery }: Parts, begin: number) {
  const { stream, filter, maxInFlight } = options;
  let after = begin;
  const deliver = (row: Row): Delivery => {
    let open = true;
    const settle = async () => {
      if (open) pump.giveBack();
      open = false;
    };
    return { ...message(row), attempt: 1, ack: settle, retry: settle, extend: () => {} };
  };
  const pump = new Pump(maxInFlight, async (room, stopped) => {
    const limit = Math.min(room, CHUNK);
    const rows = await journal.call({ op: 'read', stream, filter, after, limit });
    for (const row of rows) {
      if (stopped()) break;
      after = row.sequence;
      pump.take();
      onDelivery(deliver(row));
    }
    return rows.length === limit;
  });
  return { wake: () => pump.wake(), stop: () => pump.stop() };
}
