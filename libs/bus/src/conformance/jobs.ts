import assert from 'node:assert/strict';
import { systemClock } from '@sallyport/runtime';
import { chore } from './contracts.ts';
import { eventually, gate } from './eventually.ts';
import type { Case } from './world.ts';

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const sorted = (numbers: number[]) => [...numbers].sort((a, b) => a - b);

export function jobCases(define: Case): void {
  define('jobs accepted while nobody works are done in order once somebody does', async (world) => {
    const [sender, worker] = [await world.connect(), await world.connect()];
    for (const n of range(20)) await sender.jobs.enqueue(chore, { n });
    const done: number[] = [];
    await worker.jobs.work(chore, {}, ({ data }) => void done.push(data.n));
    await eventually(
      () => done.length >= 20,
      () => `${done}`,
    );
    assert.deepEqual(done, range(20));
  });

  define('a job is accepted once for each id, also after it was done', async (world) => {
    const bus = await world.connect();
    const done: string[] = [];
    await bus.jobs.work(chore, {}, ({ id }) => void done.push(id));
    const first = await bus.jobs.enqueue(chore, { n: 1 }, { id: 'job-1' });
    await eventually(
      () => done.length === 1,
      () => `${done}`,
    );
    const again = await bus.jobs.enqueue(chore, { n: 1 }, { id: 'job-1' });
    await bus.jobs.enqueue(chore, { n: 2 }, { id: 'job-2' });
    await eventually(
      () => done.includes('job-2'),
      () => `${done}`,
    );
    assert.deepEqual([first.duplicate, again.duplicate], [false, true]);
    assert.deepEqual(done, ['job-1', 'job-2']);
  });

  define('workers share the jobs, each takes no more than it works on', async (world) => {
    const buses = [await world.connect(), await world.connect()];
    const hang = gate();
    const done: number[][] = [[], []];
    await buses[0]?.jobs.work(chore, { concurrency: 2 }, async ({ data }) => {
      done[0]?.push(data.n);
      await hang.opened;
    });
    for (const n of range(10)) await buses[0]?.jobs.enqueue(chore, { n });
    await eventually(
      () => done[0]?.length === 2,
      () => `${done}`,
    );
    await buses[1]?.jobs.work(chore, {}, ({ data }) => void done[1]?.push(data.n));
    await eventually(
      () => done.flat().length === 10,
      () => `${done}`,
    );
    assert.equal(done[0]?.length, 2);
    assert.deepEqual(sorted(done.flat()), range(10));
    hang.open();
  });

  define('no more handlers run at a time than were asked for', async (world) => {
    const bus = await world.connect();
    let [running, most, done] = [0, 0, 0];
    for (const n of range(30)) await bus.jobs.enqueue(chore, { n });
    await bus.jobs.work(chore, { concurrency: 3 }, async () => {
      running += 1;
      most = Math.max(most, running);
      await systemClock.sleep(5);
      running -= 1;
      done += 1;
    });
    await eventually(
      () => done === 30,
      () => `${done} of 30`,
    );
    assert.equal(most, 3);
  });

  define('a job that failed comes again after its pause, under its id', async (world) => {
    const bus = await world.connect();
    const tries: { id: string; attempt: number; at: number }[] = [];
    await bus.jobs.work(chore, { backoffMs: [150, 20] }, ({ id }, { attempt }) => {
      tries.push({ id, attempt, at: systemClock.monotonic() });
      if (attempt < 3) throw new Error('not yet');
    });
    await bus.jobs.enqueue(chore, { n: 1 }, { id: 'stubborn' });
    await eventually(
      () => tries.length === 3,
      () => JSON.stringify(tries),
    );
    assert.deepEqual(
      tries.map(({ id, attempt }) => `${id} ${attempt}`),
      [...['stubborn 1', 'stubborn 2', 'stubborn 3']],
    );
    const [first, second] = tries;
    assert.ok((second?.at ?? 0) - (first?.at ?? 0) >= 145, 'the pause before the second try');
  });

  define('a handler may ask for another try later', async (world) => {
    const bus = await world.connect();
    const tries: number[] = [];
    await bus.jobs.work(chore, {}, (_job, { attempt }) => {
      tries.push(systemClock.monotonic());
      return attempt === 1 ? { retryMs: 200 } : undefined;
    });
    await bus.jobs.enqueue(chore, { n: 1 });
    await eventually(
      () => tries.length === 2,
      () => `${tries}`,
    );
    assert.ok((tries[1] as number) - (tries[0] as number) >= 195);
  });

  define('a handler may take longer than the time to acknowledge', async (world) => {
    const bus = await world.connect();
    const tries: number[] = [];
    let done = false;
    await bus.jobs.work(chore, { ackWaitMs: 300, concurrency: 2 }, async (_job, { attempt }) => {
      tries.push(attempt);
      await systemClock.sleep(1000);
      done = true;
    });
    await bus.jobs.enqueue(chore, { n: 1 });
    await eventually(
      () => done,
      () => 'the handler ends',
    );
    assert.deepEqual(tries, [1]);
  });

  define('a worker that drains ends what it began, and the rest goes to others', async (world) => {
    const buses = [await world.connect(), await world.connect()];
    const done: number[] = [];
    const work = (i: number) =>
      buses[i]?.jobs.work(chore, { concurrency: 4 }, async ({ data }) => {
        await systemClock.sleep(3);
        done.push(data.n);
      });
    const first = await work(0);
    const sending = Promise.all(range(100).map((n) => buses[1]?.jobs.enqueue(chore, { n })));
    await eventually(
      () => done.length >= 10,
      () => `${done.length}`,
    );
    await first?.drain();
    const [atDrain] = [done.length];
    await sending;
    assert.equal(done.length, atDrain, 'a drained worker does nothing more');
    await work(1);
    await eventually(
      () => done.length >= 100,
      () => `${done.length} of 100`,
    );
    assert.deepEqual(sorted(done), range(100));
  });

  define('a job whose worker was cut off goes to another', async (world) => {
    const [a, b] = [await world.connect(), await world.connect()];
    const hang = gate();
    let begun = false;
    const first = await a.jobs.work(chore, {}, async () => {
      begun = true;
      await hang.opened;
    });
    await b.jobs.enqueue(chore, { n: 1 }, { id: 'orphan' });
    await eventually(
      () => begun,
      () => 'the first worker begins',
    );
    await first.drain(AbortSignal.abort());
    const seen: string[] = [];
    await b.jobs.work(
      chore,
      {},
      ({ id }, { redelivered }) => void seen.push(`${id} ${redelivered}`),
    );
    await eventually(
      () => seen.length === 1,
      () => 'the second worker gets it',
    );
    assert.deepEqual(seen, ['orphan true']);
    hang.open();
  });
}
