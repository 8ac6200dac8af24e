import assert from 'node:assert/strict';
import type { Dropped } from '@sallyport/contracts';
import { PayloadTooLargeError } from '../errors.ts';
import { type Gap, GapTracker } from '../events/gaps.ts';
import { chore, noted, twice } from './contracts.ts';
import { eventually } from './eventually.ts';
import { type Case, faultLog } from './world.ts';

/** Pressure and size. */
export function limitCases(define: Case): void {
  define(
    'what is dropped under pressure is announced, and told apart from what was lost',
    async (world) => {
      const { faults, onFault } = faultLog();
      const bus = await world.connect({ buffer: { events: 10 }, onFault });
      const [seen, notices, gaps]: [number[], Dropped[], Gap[]] = [[], [], []];
      const tracker = new GapTracker({ now: () => 0, onGap: (gap) => gaps.push(gap) });
      const onDropped = tracker.dropped.bind(tracker, noted.subject);
      await bus.events.subscribe(
        noted,
        {
          onDropped: (notice) => {
            notices.push(notice.data);
            onDropped(notice);
          },
        },
        (event, { lane }) => {
          seen.push(event.data.n);
          tracker.event(lane, event);
        },
      );
      for (let n = 1; n <= 50; n += 1) bus.events.publish(noted, { n });
      await bus.events.flush();
      bus.events.publish(noted, { n: 51 });
      await eventually(
        () => seen.includes(51),
        () => `${seen}`,
      );
      assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 51]);
      assert.deepEqual(notices, [{ of: noted.eventType, from: 11, to: 50, reason: 'pressure' }]);
      assert.deepEqual(bus.events.pressure(), { buffered: 0, dropped: 40 });
      assert.deepEqual(
        faults.map(({ kind }) => kind),
        ['dropped'],
      );
      tracker.check(0);
      assert.deepEqual(
        gaps.map(({ from, to, reason }) => [from, to, reason]),
        [[11, 50, 'pressure']],
      );
    },
  );

  define(
    'a message larger than the broker takes is refused with its size and the limit',
    async (world) => {
      const { faults, onFault } = faultLog();
      const bus = await world.connect({ onFault });
      const large = { n: 1, text: 'x'.repeat(2 * 1024 * 1024) };
      const refused = (error: unknown) =>
        error instanceof PayloadTooLargeError &&
        /2097\d{3} bytes .* at most \d+/.test(error.message);
      await assert.rejects(bus.events.record(noted, large), refused);
      await assert.rejects(bus.jobs.enqueue(chore, large), refused);
      await assert.rejects(bus.rpc.request(twice, large), refused);
      const [seen, notices]: [number[], Dropped[]] = [[], []];
      await bus.events.subscribe(
        noted,
        { from: 'all', onDropped: ({ data }) => notices.push(data) },
        (e) => {
          seen.push(e.data.n);
        },
      );
      bus.events.publish(noted, large);
      bus.events.publish(noted, { n: 2 });
      await eventually(
        () => seen.length === 1 && notices.length === 1,
        () => `${seen} ${notices.length}`,
      );
      assert.deepEqual([notices[0]?.from, notices[0]?.to, notices[0]?.reason], [1, 1, 'oversize']);
      assert.ok(refused(faults[0]?.error));
    },
  );

  define('a burst of many large facts leaves in as many messages as it needs', async (world) => {
    const bus = await world.connect();
    const seen: number[] = [];
    await bus.events.subscribe(noted, {}, ({ data }) => void seen.push(data.n));
    const text = 'y'.repeat(50_000);
    for (let n = 0; n < 100; n += 1) bus.events.publish(noted, { n, text });
    await eventually(
      () => seen.length === 100,
      () => `${seen.length} of 100`,
    );
    assert.deepEqual(
      seen,
      Array.from({ length: 100 }, (_, i) => i),
    );
  });

  define('data that doesn’t fit its contract is refused before anything is sent', async (world) => {
    const bus = await world.connect();
    const wrong = { n: 'one' } as unknown as { n: number };
    const refused = { code: 'SP_ERR_CONTRACT' };
    assert.throws(() => bus.events.publish(noted, wrong), refused);
    await assert.rejects(bus.events.record(noted, wrong), refused);
    await assert.rejects(bus.jobs.enqueue(chore, wrong), refused);
    await assert.rejects(bus.rpc.request(twice, wrong), refused);
    assert.throws(() => bus.outgoing.event(noted, wrong), refused);
  });
}
