import assert from 'node:assert/strict';
import { systemClock } from '@sallyport/runtime';
import { ownFeed } from '../feed/owner.ts';
import { followFeed } from '../feed/reader.ts';
import type { Bus } from '../ports.ts';
import { numbers } from './contracts.ts';
import { eventually } from './eventually.ts';
import { FeedLog } from './feed-log.ts';
import type { Case } from './world.ts';

interface Copy {
  values: number[];
}

function follow(bus: Bus, source: FeedLog, copy: Copy) {
  return followFeed({
    ...{ feed: numbers, feeds: bus.feeds, source, clock: systemClock },
    reset: (value) => {
      copy.values = [...value];
    },
    apply: ({ n }) => void copy.values.push(n),
  });
}

export function feedCases(define: Case): void {
  define('readers of a feed follow their owner, those that come late too', async (world) => {
    const [a, b] = [await world.connect(), await world.connect()];
    const log = new FeedLog();
    await using owner = ownFeed({ feed: numbers, feeds: a.feeds, source: log, clock: systemClock });
    const commit = (n: number) => owner.announce(log.commit({ n }), { n });
    commit(1);
    const [early, late]: [Copy, Copy] = [{ values: [] }, { values: [] }];
    await using first = await follow(b, log, early);
    await first.ready();
    for (const n of [2, 3, 4]) commit(n);
    await using second = await follow(b, log, late);
    commit(5);
    const all = () => early.values.length === 5 && late.values.length === 5;
    await eventually(all, () => `${early.values} | ${late.values}`);
    assert.deepEqual([early.values, late.values], [log.values, log.values]);
    await eventually(
      () => first.fresh && second.fresh,
      () => 'both are fresh',
    );
  });

  define(
    'a reader whose owner falls silent says so within two seconds, and follows on its return',
    async (world) => {
      const bus = await world.connect();
      const log = new FeedLog();
      const own = () =>
        ownFeed({ feed: numbers, feeds: bus.feeds, source: log, clock: systemClock });
      const copy: Copy = { values: [] };
      const owner = own();
      await using reader = await follow(bus, log, copy);
      await eventually(
        () => reader.fresh,
        () => 'fresh at first',
      );
      await owner[Symbol.asyncDispose]();
      const began = systemClock.monotonic();
      await eventually(
        () => !reader.fresh,
        () => 'stale',
        3_000,
      );
      const took = systemClock.monotonic() - began;
      assert.ok(took <= 2_000, `${took} ms`);
      await using again = own();
      again.announce(log.commit({ n: 1 }), { n: 1 });
      await eventually(
        () => reader.fresh && copy.values.length === 1,
        () => 'fresh again',
        2_000,
      );
    },
  );

  define(
    'a change that was committed but never announced is noticed at the next heartbeat',
    async (world) => {
      const bus = await world.connect();
      const log = new FeedLog();
      await using _owner = ownFeed({
        feed: numbers,
        feeds: bus.feeds,
        source: log,
        clock: systemClock,
      });
      const copy: Copy = { values: [] };
      await using reader = await follow(bus, log, copy);
      await eventually(
        () => reader.fresh,
        () => 'fresh at first',
      );
      log.commit({ n: 1 });
      await eventually(
        () => copy.values.length === 1,
        () => `${copy.values}`,
        2_000,
      );
    },
  );
}
