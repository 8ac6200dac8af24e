import assert from 'node:assert/strict';
import { systemClock } from '@sallyport/runtime';
import { BusUnavailableError } from '../errors.ts';
import type { Bus } from '../ports.ts';
import { chore, noted, twice } from './contracts.ts';
import { eventually } from './eventually.ts';
import type { BusWorld, Case } from './world.ts';

const sorted = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b);
const connected = (bus: Bus, wanted: boolean) =>
  eventually(
    () => bus.connected === wanted,
    () => `connected is ${wanted}`,
  );

/** The broker is killed and started again. */
export function outageCases(define: Case): void {
  const defineOutage = (
    title: string,
    body: (world: BusWorld, outage: NonNullable<BusWorld['outage']>) => Promise<void>,
  ) =>
    define(title, async (world) => {
      if (world.outage !== undefined) await body(world, world.outage);
    });

  defineOutage(
    'facts published while the broker is away arrive in order on its return',
    async (world, outage) => {
      const [sender, reader] = [await world.connect(), await world.connect()];
      const seen: number[] = [];
      await reader.events.subscribe(
        noted,
        { durable: 'patient' },
        ({ data }) => void seen.push(data.n),
      );
      for (let n = 0; n < 10; n += 1) sender.events.publish(noted, { n });
      await eventually(
        () => seen.length === 10,
        () => `${seen}`,
      );
      await outage.kill();
      await connected(sender, false);
      for (let n = 10; n < 30; n += 1) {
        sender.events.publish(noted, { n });
        await systemClock.sleep(1);
      }
      assert.ok(sender.events.pressure().buffered > 0);
      await outage.start();
      await eventually(
        () => new Set(seen).size === 30,
        () => `${seen}`,
        20_000,
      );
      // A confirmation that was lost may bring a batch twice, but never out of order.
      assert.deepEqual(
        [...new Set(seen)],
        Array.from({ length: 30 }, (_, i) => i),
      );
    },
  );

  defineOutage(
    'records and jobs are refused at once while the broker is away',
    async (world, outage) => {
      const bus = await world.connect();
      const [seqs, notices]: [number[], unknown[]] = [[], []];
      await bus.events.record(noted, { n: 1 });
      await outage.kill();
      await connected(bus, false);
      const began = systemClock.monotonic();
      await assert.rejects(bus.events.record(noted, { n: 2 }), BusUnavailableError);
      await assert.rejects(bus.jobs.enqueue(chore, { n: 2 }), BusUnavailableError);
      assert.ok(systemClock.monotonic() - began < 1_000);
      await outage.start();
      await connected(bus, true);
      await bus.events.record(noted, { n: 3 });
      // What was refused before it was sent leaves no gap behind.
      const onDropped = (notice: unknown) => void notices.push(notice);
      await bus.events.subscribe(noted, { from: 'all', onDropped }, ({ seq }) => {
        seqs.push(seq);
      });
      await eventually(
        () => seqs.length === 2,
        () => `${seqs}`,
      );
      await bus.events.flush();
      assert.deepEqual([seqs, notices], [[1, 2], []]);
    },
  );

  defineOutage(
    'every job that was accepted before, during and after an outage is done',
    async (world, outage) => {
      const [sender, worker] = [await world.connect(), await world.connect()];
      const [accepted, done]: [Set<number>, Set<number>] = [new Set(), new Set()];
      await worker.jobs.work(
        chore,
        { concurrency: 4, ackWaitMs: 500 },
        ({ data }) => void done.add(data.n),
      );
      let next = 0;
      let storming = true;
      const storm = async () => {
        while (storming) {
          const n = next;
          next += 1;
          try {
            await sender.jobs.enqueue(chore, { n });
            accepted.add(n);
          } catch (error) {
            if (!(error instanceof BusUnavailableError)) throw error;
            await systemClock.sleep(10);
          }
        }
      };
      const storms = [storm(), storm(), storm(), storm()];
      await eventually(
        () => accepted.size > 50,
        () => `${accepted.size} accepted`,
      );
      await outage.kill();
      const before = accepted.size;
      await outage.start();
      await eventually(
        () => accepted.size > before + 50,
        () => `${accepted.size} accepted`,
        20_000,
      );
      storming = false;
      await Promise.all(storms);
      const missing = () => [...accepted].filter((n) => !done.has(n));
      await eventually(
        () => missing().length === 0,
        () => `missing ${missing()}`,
        20_000,
      );
    },
  );

  defineOutage(
    'a job whose next try falls into an outage is tried after it, without any other traffic',
    async (world, outage) => {
      const bus = await world.connect();
      const tries: number[] = [];
      await bus.jobs.work(chore, { ackWaitMs: 1_000 }, (_job, { attempt }) => {
        tries.push(attempt);
        return attempt === 1 ? { retryMs: 1_500 } : undefined;
      });
      await bus.jobs.enqueue(chore, { n: 1 });
      await eventually(
        () => tries.length === 1,
        () => 'the first try',
      );
      // A broker may write the count of tries a moment late (see `DeliveryContext.attempt`).
      await systemClock.sleep(500);
      await outage.kill();
      await connected(bus, false);
      await systemClock.sleep(1_300);
      await outage.start();
      await eventually(
        () => tries.length >= 2,
        () => `${tries}`,
        20_000,
      );
      assert.ok((tries[1] ?? 0) >= 2, `${tries}`);
    },
  );

  defineOutage(
    'subscriptions, workers and responders go on after the broker was restarted',
    async (world, outage) => {
      const bus = await world.connect();
      const [tail, durable, done]: [number[], number[], number[]] = [[], [], []];
      await bus.events.subscribe(noted, {}, ({ data }) => void tail.push(data.n));
      await bus.events.subscribe(
        noted,
        { durable: 'goes-on' },
        ({ data }) => void durable.push(data.n),
      );
      await bus.jobs.work(chore, {}, ({ data }) => void done.push(data.n));
      await bus.rpc.respond(twice, {}, ({ n }) => ({ n: 2 * n }));
      await bus.events.record(noted, { n: 1 });
      await eventually(
        () => tail.length === 1 && durable.length === 1,
        () => `${tail} ${durable}`,
      );
      await outage.kill();
      await connected(bus, false);
      await outage.start();
      await connected(bus, true);
      await bus.events.record(noted, { n: 2 });
      await bus.jobs.enqueue(chore, { n: 2 });
      assert.deepEqual(await bus.rpc.request(twice, { n: 2 }), { n: 4 });
      const all = () => tail.includes(2) && durable.includes(2) && done.includes(2);
      await eventually(all, () => `${tail} | ${durable} | ${done}`, 20_000);
      assert.deepEqual(sorted(new Set(tail)), [1, 2]);
    },
  );
}
