import assert from 'node:assert/strict';
import { systemClock } from '@sallyport/runtime';
import { BusUnavailableError } from '../errors.ts';
import type { Outgoing } from '../ports.ts';
import { relayOutbox } from '../relay.ts';
import { chore, noted } from './contracts.ts';
import { eventually } from './eventually.ts';
import { MemoryOutbox } from './outbox.ts';
import type { Case } from './world.ts';

const PARTITIONS = ['p', 'q', 'r'];

export function relayCases(define: Case): void {
  define(
    'an outbox is drained in order per partition by relays side by side, each message once',
    async (world) => {
      const [a, b] = [await world.connect(), await world.connect()];
      const outbox = new MemoryOutbox();
      const seen = new Map<string, number[]>(PARTITIONS.map((name) => [name, []]));
      await a.events.subscribe(
        noted,
        {},
        ({ data }) => void seen.get(data.text ?? '')?.push(data.n),
      );
      for (let n = 0; n < 60; n += 1) {
        for (const text of PARTITIONS) outbox.commit(text, a.outgoing.event(noted, { n, text }));
      }
      await using one = relayOutbox({ outbox, outgoing: a.outgoing, clock: systemClock, limit: 7 });
      await using two = relayOutbox({ outbox, outgoing: b.outgoing, clock: systemClock, limit: 7 });
      await Promise.all([one.drained(), two.drained()]);
      const count = () => [...seen.values()].flat().length;
      await eventually(
        () => count() >= 180 && outbox.size === 0,
        () => `${count()} of 180`,
      );
      for (const list of seen.values())
        assert.deepEqual(
          list,
          Array.from({ length: 60 }, (_, i) => i),
        );
    },
  );

  define(
    'a relay that fails half way leaves order as it was, and what was delivered comes once',
    async (world) => {
      const bus = await world.connect();
      const outbox = new MemoryOutbox();
      const seen: number[] = [];
      await bus.jobs.work(chore, {}, ({ data }) => void seen.push(data.n));
      let calls = 0;
      // Every third delivery fails; half of those after the broker had the message.
      const outgoing: Pick<Outgoing, 'deliver'> = {
        async deliver(message, signal) {
          calls += 1;
          if (calls % 6 === 3) throw new BusUnavailableError('lost on the way');
          const delivered = await bus.outgoing.deliver(message, signal);
          if (calls % 6 === 0) throw new BusUnavailableError('the confirmation was lost');
          return delivered;
        },
      };
      for (let n = 0; n < 12; n += 1) outbox.commit('p', bus.outgoing.job(chore, { n }));
      const errors: unknown[] = [];
      await using relay = relayOutbox({
        ...{ outbox, outgoing, clock: systemClock, parallel: 1 },
        onError: (error) => errors.push(error),
      });
      await relay.drained();
      await bus.jobs.enqueue(chore, { n: 99 });
      await eventually(
        () => seen.includes(99),
        () => `${seen}`,
      );
      assert.deepEqual(seen, [...Array.from({ length: 12 }, (_, i) => i), 99]);
      assert.ok(errors.length >= 3, `${errors.length} errors`);
    },
  );

  define('what is committed while a relay waits leaves soon after', async (world) => {
    const bus = await world.connect();
    const outbox = new MemoryOutbox();
    const seen: string[] = [];
    await bus.events.subscribe(noted, {}, ({ id }) => void seen.push(id));
    await using relay = relayOutbox({
      outbox,
      outgoing: bus.outgoing,
      clock: systemClock,
      pollMs: 60_000,
    });
    await relay.drained();
    const message = bus.outgoing.event(noted, { n: 1 });
    outbox.commit('p', message);
    await eventually(
      () => seen.length === 1,
      () => 'it arrives',
      2_000,
    );
    assert.deepEqual(seen, [message.id]);
  });
}
