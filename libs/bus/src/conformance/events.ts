import assert from 'node:assert/strict';
import type { Envelope } from '@sallyport/contracts';
import { systemClock } from '@sallyport/runtime';
import { noted, other } from './contracts.ts';
import { eventually } from './eventually.ts';
import type { Case } from './world.ts';

const range = (n: number, from = 0) => Array.from({ length: n }, (_, i) => from + i);

/** What a subscription without failures sees. */
export function eventCases(define: Case): void {
  define(
    'every subscriber gets the facts of a type once, in the order they were published',
    async (world) => {
      const [a, b] = [await world.connect(), await world.connect()];
      const seen: number[][] = [[], [], []];
      for (const [i, bus] of [a, b, b].entries()) {
        await bus.events.subscribe(noted, {}, ({ data }) => void seen[i]?.push(data.n));
      }
      for (const n of range(2000)) {
        a.events.publish(noted, { n });
        if (n % 300 === 0) await systemClock.sleep(2);
      }
      await eventually(
        () => seen.every(({ length }) => length >= 2000),
        () => `${seen.map((s) => s.length)}`,
      );
      for (const one of seen) assert.deepEqual(one, range(2000));
    },
  );

  define('a subscription’s handler runs for one event at a time', async (world) => {
    const bus = await world.connect();
    let [running, most] = [0, 0];
    const seen: number[] = [];
    await bus.events.subscribe(noted, {}, async ({ data }) => {
      running += 1;
      most = Math.max(most, running);
      await systemClock.sleep(data.n % 3);
      running -= 1;
      seen.push(data.n);
    });
    for (const n of range(30)) await bus.events.record(noted, { n });
    await eventually(
      () => seen.length === 30,
      () => `${seen.length} of 30`,
    );
    assert.equal(most, 1);
    assert.deepEqual(seen, range(30));
  });

  define('an envelope says who, when and which, and counts without a gap', async (world) => {
    const bus = await world.connect({ source: '/trial/one', instance: 'one' });
    const seen: Envelope[] = [];
    await bus.events.subscribe(noted, {}, (event) => void seen.push(event));
    const before = Date.now() - 1;
    bus.events.publish(noted, { n: 1 }, { about: 'it' });
    bus.events.publish(noted, { n: 2 });
    await eventually(
      () => seen.length === 2,
      () => `${seen.length} of 2`,
    );
    assert.deepEqual(
      seen.map(({ seq }) => seq),
      [1, 2],
    );
    assert.equal(seen[0]?.subject, 'it');
    assert.equal(seen[0]?.epoch, seen[1]?.epoch);
    assert.notEqual(seen[0]?.id, seen[1]?.id);
    for (const { source, instance, type, time } of seen) {
      assert.deepEqual([source, instance, type], ['/trial/one', 'one', 'sallyport.trial.noted.v1']);
      assert.ok(Date.parse(time) >= before && Date.parse(time) <= Date.now() + 1, time);
    }
  });

  define(
    'what a sender or a receiver does to its objects later is seen by nobody else',
    async (world) => {
      const bus = await world.connect();
      const seen: number[] = [];
      for (const _ of [1, 2]) {
        await bus.events.subscribe(noted, {}, ({ data }) => {
          seen.push(data.n);
          data.n = 99;
        });
      }
      const data = { n: 1 };
      bus.events.publish(noted, data);
      data.n = 2;
      await eventually(
        () => seen.length === 2,
        () => `${seen}`,
      );
      assert.deepEqual(seen, [1, 1]);
    },
  );

  define('a record is in the stream when it resolves, and once for each id', async (world) => {
    const bus = await world.connect();
    const first = await bus.events.record(noted, { n: 1 }, { id: 'decision-1' });
    const second = await bus.events.record(noted, { n: 1 }, { id: 'decision-1' });
    await bus.events.record(noted, { n: 2 });
    assert.deepEqual(first, { id: 'decision-1', duplicate: false });
    assert.deepEqual(second, { id: 'decision-1', duplicate: true });
    const seen: Envelope<{ n: number }>[] = [];
    await bus.events.subscribe(noted, { from: 'all' }, (event) => void seen.push(event));
    await eventually(
      () => seen.length >= 2,
      () => `${seen.length} of 2`,
    );
    assert.deepEqual(
      seen.map(({ data }) => data.n),
      [1, 2],
    );
    assert.equal(seen[0]?.id, 'decision-1');
  });

  define(
    'a subscription begins with what is new, with all, at a time or at a position',
    async (world) => {
      const bus = await world.connect();
      await bus.events.record(noted, { n: 1 });
      await systemClock.sleep(30);
      const time = Date.now();
      await systemClock.sleep(30);
      await bus.events.record(noted, { n: 2 });
      const seen: Record<string, number[]> = { new: [], all: [], time: [], sequence: [] };
      const positions: number[] = [];
      const follow = (
        name: string,
        from: 'new' | 'all' | { time: number } | { sequence: number },
      ) =>
        bus.events.subscribe(noted, { from }, ({ data }, { sequence }) => {
          seen[name]?.push(data.n);
          if (name === 'all') positions.push(sequence);
        });
      await follow('all', 'all');
      await follow('new', 'new');
      await follow('time', { time });
      await eventually(
        () => positions.length === 2,
        () => `${positions}`,
      );
      await follow('sequence', { sequence: positions[1] as number });
      await bus.events.record(noted, { n: 3 });
      const all = () => Object.values(seen).flat().length;
      await eventually(
        () => all() >= 8,
        () => JSON.stringify(seen),
      );
      assert.deepEqual(seen, { all: [1, 2, 3], new: [3], time: [2, 3], sequence: [2, 3] });
    },
  );

  define('a pattern takes the events of one domain, or all', async (world) => {
    const bus = await world.connect();
    const [domain, all, lanes]: [string[], string[], string[]] = [[], [], []];
    await bus.events.subscribe('trial.*', {}, ({ type }) => void domain.push(type));
    await bus.events.subscribe('*', {}, ({ type }, { lane }) => {
      all.push(type);
      lanes.push(lane);
    });
    await bus.events.record(other, { n: 1 });
    await bus.events.record(noted, { n: 2 });
    await eventually(
      () => all.length === 2 && domain.length === 1,
      () => `${all} ${domain}`,
    );
    assert.deepEqual(domain, [noted.eventType]);
    assert.deepEqual(all, [other.eventType, noted.eventType]);
    assert.deepEqual(lanes, [other.subject, noted.subject]);
  });

  define('disposal lets what was just published leave first', async (world) => {
    const [sender, reader] = [await world.connect(), await world.connect()];
    for (const n of range(3000)) sender.events.publish(noted, { n });
    await sender[Symbol.asyncDispose]();
    const seen: number[] = [];
    await reader.events.subscribe(noted, { from: 'all' }, ({ data }) => void seen.push(data.n));
    await eventually(
      () => seen.length >= 3000,
      () => `${seen.length} of 3000`,
    );
    assert.deepEqual(seen, range(3000));
  });
}
