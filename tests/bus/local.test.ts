import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Bus, BusClosedError, BusInUseError, BusUnavailableError } from '@sallyport/bus';
import { noted } from '@sallyport/bus/conformance';
import { type LocalSettings, openLocalBus } from '@sallyport/bus/local';
import { defineJob } from '@sallyport/contracts';
import { randomIds, systemClock } from '@sallyport/runtime';
import test from 'ava';
import { tempDir } from '../world/program.ts';
import { until } from '../world/until.ts';
import { openLocalWorld } from './local-world.ts';

const chore = defineJob({ ...noted, type: 'trial.chore', data: noted.schema });
const who = { source: '/local', instance: 'local', ids: randomIds(systemClock) };

function open(path: string, settings: Partial<LocalSettings> = {}): Promise<Bus> {
  return openLocalBus({ path, clock: systemClock, ...who, ...settings });
}

/** The machine's clock, set forward at will. */
function shifted() {
  const shift = { ms: 0 };
  return { shift, clock: { ...systemClock, now: () => systemClock.now() + shift.ms } };
}

async function stored(bus: Bus): Promise<number[]> {
  const seen: number[] = [];
  await bus.events.record(noted, { n: -1 });
  await using _ = await bus.events.subscribe(noted, { from: 'all' }, ({ data }) => {
    seen.push(data.n);
  });
  await until(() => seen.includes(-1));
  return seen.filter((n) => n >= 0);
}

test('a file that another bus has open is refused, until that one is closed', async (t) => {
  await using dir = await tempDir();
  const path = join(dir.path, 'bus.db');
  const first = await open(path);
  await t.throwsAsync(open(path), { instanceOf: BusInUseError, message: /bus\.db.*locked/ });
  await first[Symbol.asyncDispose]();
  await using _ = await open(path);
});

test('a file that can’t be used, or is of another layout, is refused with its name', async (t) => {
  await using dir = await tempDir();
  await t.throwsAsync(open(join(dir.path, 'missing', 'bus.db')), {
    instanceOf: BusUnavailableError,
    message: /missing\/bus\.db/,
  });
  const path = join(dir.path, 'newer.db');
  using db = new DatabaseSync(path);
  db.exec('PRAGMA user_version=7');
  db.close();
  await t.throwsAsync(open(path), { message: /newer\.db has layout 7, this version knows 1/ });
});

test('tries are counted over restarts of the process: what crashes its handlers becomes a dead letter', async (t) => {
  await using dir = await tempDir();
  const path = join(dir.path, 'bus.db');
  const attempts: number[] = [];
  for (let life = 1; life <= 4; life += 1) {
    const bus = await open(path);
    if (life === 1) await bus.jobs.enqueue(chore, { n: 1 }, { id: 'deadly' });
    const before = attempts.length;
    const work = await bus.jobs.work(
      chore,
      { maxDeliver: 3 },
      async (_job, { attempt, signal }) => {
        attempts.push(attempt);
        await systemClock.sleep(60_000, signal).catch(() => {});
      },
    );
    if (life === 4) {
      await until(async () => (await bus.deadLetters.list()).length === 1);
      const [letter] = await bus.deadLetters.list();
      t.is(letter?.id, 'deadly');
      t.regex(letter?.reason ?? '', /no answer in 3 tries/);
    } else await until(() => attempts.length > before);
    await work.drain(AbortSignal.abort());
    await bus[Symbol.asyncDispose]();
  }
  t.deepEqual(attempts, [1, 2, 3]);
});

test('events are kept within their size: the oldest go, a durable reader goes on with what is there', async (t) => {
  await using bus = await open(':memory:', { limits: { eventsMaxBytes: 100_000 } });
  const text = 'x'.repeat(1_000);
  const late: number[] = [];
  const durable = { durable: 'late', from: 'all' } as const;
  const follow = () => bus.events.subscribe(noted, durable, ({ data }) => void late.push(data.n));
  await (await follow()).drain();
  for (let n = 0; n < 500; n += 1) await bus.events.record(noted, { n, text });
  const kept = await stored(bus);
  t.true(kept.length > 50 && kept.length < 110, `${kept.length} kept`);
  t.is(kept.at(-1), 499);
  await follow();
  await until(() => late.includes(-1));
  t.deepEqual(late, [...kept, -1]);
});

test('events older than their age are removed', async (t) => {
  const { shift, clock } = shifted();
  const prune = { tick: () => {} };
  const every: typeof clock.every = (ms, tick) => {
    if (ms === 60_000) prune.tick = tick;
    return clock.every(ms, tick);
  };
  await using bus = await open(':memory:', {
    clock: { ...clock, every },
    limits: { eventsMaxAgeMs: 3_600_000 },
  });
  await bus.events.record(noted, { n: 1 });
  shift.ms = 3_000_000;
  await bus.events.record(noted, { n: 2 });
  shift.ms = 3_700_000;
  prune.tick();
  t.deepEqual(await stored(bus), [2]);
});

test('an id is taken again after the duplicate window', async (t) => {
  const { shift, clock } = shifted();
  await using bus = await open(':memory:', { clock, limits: { dedupeWindowMs: 120_000 } });
  const enqueue = async () => (await bus.jobs.enqueue(chore, { n: 1 }, { id: 'same' })).duplicate;
  t.false(await enqueue());
  shift.ms = 119_000;
  t.true(await enqueue());
  shift.ms = 121_000;
  t.false(await enqueue());
});

test('a closed bus refuses everything and closes only once', async (t) => {
  const bus = await open(':memory:');
  await Promise.all([bus[Symbol.asyncDispose](), bus[Symbol.asyncDispose]()]);
  const closed = { instanceOf: BusClosedError };
  t.throws(() => bus.events.publish(noted, { n: 1 }), closed);
  await t.throwsAsync(bus.events.record(noted, { n: 1 }), closed);
  await t.throwsAsync(bus.jobs.enqueue(chore, { n: 1 }), closed);
  await t.throwsAsync(
    bus.events.subscribe(noted, {}, () => {}),
    closed,
  );
});

test('names, patterns, ids and limits that break a rule are refused by name', async (t) => {
  await using bus = await open(':memory:');
  const refused = (message: RegExp) => ({ code: 'SP_ERR_BUS_ARGUMENT', message });
  const none = () => {};
  await t.throwsAsync(bus.events.subscribe(noted, { durable: 'A b' }, none), refused(/'A b'/));
  await t.throwsAsync(bus.events.subscribe('trial.x.*', {}, none), refused(/'trial\.x\.\*'/));
  await t.throwsAsync(bus.events.record(noted, { n: 1 }, { id: 'a\nb' }), refused(/"a\\nb"/));
  await t.throwsAsync(bus.jobs.work(chore, { concurrency: 0 }, none), refused(/concurrency 0/));
  await t.throwsAsync(bus.jobs.work(chore, { maxDeliver: 0 }, none), refused(/maxDeliver 0/));
  await t.throwsAsync(bus.jobs.work(chore, { backoffMs: [] }, none), refused(/backoffMs \[\]/));
  await t.throwsAsync(bus.jobs.work(chore, { ackWaitMs: 1 }, none), refused(/ackWaitMs 1/));
});

test('a try that fell due while the journal was away is made on its return, long before the time to acknowledge', async (t) => {
  await using world = await openLocalWorld();
  const bus = await world.connect();
  const tries: number[] = [];
  await bus.jobs.work(chore, {}, (_job, { attempt }) => {
    tries.push(attempt);
    return attempt === 1 ? { retryMs: 100 } : undefined;
  });
  await bus.jobs.enqueue(chore, { n: 1 });
  await until(() => tries.length === 1);
  await bus.events.record(noted, { n: 1 });
  await world.outage?.kill();
  await systemClock.sleep(200);
  t.is(tries.length, 1);
  await world.outage?.start();
  await until(() => tries.length === 2);
});
