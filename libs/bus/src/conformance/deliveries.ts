import assert from 'node:assert/strict';
import { systemClock } from '@sallyport/runtime';
import { noted } from './contracts.ts';
import { eventually, gate } from './eventually.ts';
import type { Case } from './world.ts';

/** What the broker remembers for a durable name, and what happens when handlers fail. */
export function deliveryCases(define: Case): void {
  define(
    'a durable name gets what was published while nobody listened, and goes on where it was',
    async (world) => {
      const [sender, reader] = [await world.connect(), await world.connect()];
      const seen: number[] = [];
      const follow = () =>
        reader.events.subscribe(noted, { durable: 'audit', from: 'all' }, ({ data }) => {
          seen.push(data.n);
        });
      await sender.events.record(noted, { n: 1 });
      const first = await follow();
      await eventually(
        () => seen.length === 1,
        () => `${seen}`,
      );
      await first.drain();
      await sender.events.record(noted, { n: 2 });
      await sender.events.record(noted, { n: 3 });
      assert.deepEqual(seen, [1]);
      await follow();
      await eventually(
        () => seen.length === 3,
        () => `${seen}`,
      );
      assert.deepEqual(seen, [1, 2, 3]);
    },
  );

  define('subscriptions of one durable name share the events', async (world) => {
    const buses = [await world.connect(), await world.connect()];
    const seen: number[][] = [[], []];
    for (const [i, bus] of buses.entries()) {
      await bus.events.subscribe(noted, { durable: 'shared' }, async ({ data }) => {
        seen[i]?.push(data.n);
        await systemClock.sleep(2);
      });
    }
    for (let n = 0; n < 60; n += 1) await buses[0]?.events.record(noted, { n });
    await eventually(
      () => seen.flat().length >= 60,
      () => `${seen.flat().length} of 60`,
    );
    assert.deepEqual(
      seen.flat().sort((a, b) => a - b),
      Array.from({ length: 60 }, (_, i) => i),
    );
    assert.ok(
      seen.every(({ length }) => length > 5),
      `${seen.map(({ length }) => length)}`,
    );
  });

  define(
    'an event whose handler failed comes again under its id, and others needn’t wait for it',
    async (world) => {
      const bus = await world.connect();
      const seen: { n: number; id: string; attempt: number; redelivered: boolean }[] = [];
      const options = { durable: 'flaky', backoffMs: [300] };
      await bus.events.subscribe(noted, options, ({ id, data }, { attempt, redelivered }) => {
        seen.push({ n: data.n, id, attempt, redelivered });
        if (data.n === 1 && attempt === 1) throw new Error('not yet');
      });
      await bus.events.record(noted, { n: 1 }, { id: 'one' });
      await bus.events.record(noted, { n: 2 }, { id: 'two' });
      await eventually(
        () => seen.length === 3,
        () => JSON.stringify(seen),
      );
      assert.deepEqual(seen, [
        { n: 1, id: 'one', attempt: 1, redelivered: false },
        { n: 2, id: 'two', attempt: 1, redelivered: false },
        { n: 1, id: 'one', attempt: 2, redelivered: true },
      ]);
    },
  );

  define(
    'events of a batch that were done aren’t handled again when a later one fails',
    async (world) => {
      const bus = await world.connect({ lingerMs: 30 });
      const seen: number[] = [];
      let failed = false;
      const options = { durable: 'batch', backoffMs: [20] };
      await bus.events.subscribe(noted, options, ({ data }) => {
        if (data.n === 3 && !failed) {
          failed = true;
          throw new Error('not yet');
        }
        seen.push(data.n);
      });
      for (const n of [1, 2, 3, 4]) bus.events.publish(noted, { n });
      await eventually(
        () => seen.length >= 4,
        () => `${seen}`,
      );
      assert.deepEqual(seen, [1, 2, 3, 4]);
    },
  );

  define(
    'an event that a handler still had when its subscription was cut off goes to another',
    async (world) => {
      const [a, b] = [await world.connect(), await world.connect()];
      const [begun, seen]: [number[], [number, number][]] = [[], []];
      let aborted = false;
      const hang = gate();
      const first = await a.events.subscribe(
        noted,
        { durable: 'cut' },
        async ({ data }, { signal }) => {
          begun.push(data.n);
          signal.addEventListener('abort', () => {
            aborted = true;
          });
          await hang.opened;
        },
      );
      await a.events.record(noted, { n: 1 });
      await eventually(
        () => begun.length === 1,
        () => 'the first handler begins',
      );
      await first.drain(AbortSignal.abort());
      await b.events.subscribe(noted, { durable: 'cut' }, ({ data }, { attempt }) => {
        seen.push([data.n, attempt]);
      });
      await eventually(
        () => seen.length === 1,
        () => 'the second handler gets it',
      );
      assert.deepEqual(seen, [[1, 2]]);
      assert.ok(aborted);
      hang.open();
    },
  );

  define('a slow subscriber doesn’t slow another', async (world) => {
    const bus = await world.connect();
    const hang = gate();
    let quick = 0;
    await bus.events.subscribe(noted, {}, () => hang.opened);
    await bus.events.subscribe(noted, {}, () => {
      quick += 1;
    });
    for (let n = 0; n < 300; n += 1) await bus.events.record(noted, { n });
    await eventually(
      () => quick === 300,
      () => `${quick} of 300`,
    );
    hang.open();
  });

  define(
    'an ephemeral subscription goes on after a handler that failed, and the fault is told',
    async (world) => {
      const faults: string[] = [];
      const bus = await world.connect({
        onFault: ({ kind, error }) => faults.push(`${kind} ${error.message}`),
      });
      const seen: number[] = [];
      await bus.events.subscribe(noted, {}, ({ data }) => {
        seen.push(data.n);
        if (data.n === 1) throw new Error('no luck');
      });
      await bus.events.record(noted, { n: 1 });
      await bus.events.record(noted, { n: 2 });
      await eventually(
        () => seen.length === 2,
        () => `${seen}`,
      );
      assert.deepEqual(seen, [1, 2]);
      assert.deepEqual(faults, ['handler no luck']);
    },
  );

  define('after a subscription was drained its handler isn’t called any more', async (world) => {
    const bus = await world.connect();
    const seen: number[] = [];
    const subscription = await bus.events.subscribe(
      noted,
      {},
      ({ data }) => void seen.push(data.n),
    );
    await bus.events.record(noted, { n: 1 });
    await eventually(
      () => seen.length === 1,
      () => `${seen}`,
    );
    await subscription.drain();
    const witness: number[] = [];
    await bus.events.subscribe(noted, {}, ({ data }) => void witness.push(data.n));
    await bus.events.record(noted, { n: 2 });
    await eventually(
      () => witness.length === 1,
      () => `${witness}`,
    );
    assert.deepEqual(seen, [1]);
  });
}
