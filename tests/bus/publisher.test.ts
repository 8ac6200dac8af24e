import { type Broker, type BusFault, createBus } from '@sallyport/bus';
import { noted } from '@sallyport/bus/conformance';
import { type Dropped, decodeBatch } from '@sallyport/contracts';
import { countingIds, ManualClock } from '@sallyport/runtime';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';
import { until } from '../world/until.ts';

interface Appended {
  readonly at: number;
  readonly body: Uint8Array;
}

/** A broker that keeps what it is given, with the time; while `away` it confirms nothing. */
function keeping(clock: ManualClock, { maxPayload = 1_048_576 } = {}) {
  const appended: Appended[] = [];
  const link = { away: undefined as Promise<void> | undefined };
  const broker: Broker = {
    maxPayload,
    connected: true,
    onConnection: () => ({ [Symbol.dispose]() {} }),
    send() {},
    listen: async () => ({ async [Symbol.asyncDispose]() {} }),
    request: () => () => {},
    respond: async () => ({ async [Symbol.asyncDispose]() {} }),
    async append(_subject, { body }) {
      appended.push({ at: clock.monotonic(), body });
      await link.away;
      return { sequence: appended.length, duplicate: false };
    },
    consume: async () => ({ async stop() {}, async [Symbol.asyncDispose]() {} }),
    browse: async () => [],
    remove: async () => false,
    async [Symbol.asyncDispose]() {},
  };
  const ns = () => appended.flatMap(({ body }) => decodeBatch(body)).map(({ seq }) => seq);
  return { broker, appended, link, seqs: ns };
}

function open(clock: ManualClock, broker: Broker, options: object = {}) {
  const [ids, source, instance] = [countingIds(), '/trial', 'trial'];
  return createBus(broker, { clock, ids, source, instance, ...options });
}

/** Past what `setImmediate` had planned. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a fact that comes alone leaves with the end of the turn, without any linger', async (t) => {
  const clock = new ManualClock();
  const { broker, appended } = keeping(clock);
  await using bus = open(clock, broker);
  for (let n = 1; n <= 3; n += 1) {
    bus.events.publish(noted, { n });
    await turn();
    t.is(appended.length, n);
    await clock.advance(20);
  }
});

test('a steady stream of facts leaves in about one message per linger, and none waits longer than that', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 60 }),
      async (lingerMs, pauses) => {
        const clock = new ManualClock();
        const { broker, appended } = keeping(clock);
        const published: number[] = [];
        await using bus = open(clock, broker, { lingerMs });
        for (const [i, pause] of pauses.entries()) {
          for (let ms = 0; ms < pause; ms += 1) await clock.advance(1);
          published.push(clock.monotonic());
          bus.events.publish(noted, { n: i });
          await turn();
        }
        for (let ms = 0; ms <= lingerMs; ms += 1) await clock.advance(1);
        const left: number[] = [];
        for (const { at, body } of appended) for (const _ of decodeBatch(body)) left.push(at);
        t.is(left.length, pauses.length);
        t.true(left.every((at, i) => at - (published[i] as number) <= lingerMs));
        const took = clock.monotonic() - (published[0] as number);
        t.true(appended.length <= 2 + (2 * took) / lingerMs, `${appended.length} in ${took} ms`);
      },
    ),
    runs(60),
  );
});

test('twenty thousand facts a second are fifty messages', async (t) => {
  const clock = new ManualClock();
  const { broker, appended, seqs } = keeping(clock);
  await using bus = open(clock, broker);
  for (let ms = 0; ms < 1000; ms += 1) {
    for (let i = 0; i < 20; i += 1) bus.events.publish(noted, { n: i });
    await turn();
    await clock.advance(1);
  }
  await bus.events.flush();
  t.deepEqual(
    seqs(),
    Array.from({ length: 20_000 }, (_, i) => i + 1),
  );
  t.true(appended.length <= 53, `${appended.length} messages`);
});

test('a full batch doesn’t linger', async (t) => {
  const clock = new ManualClock();
  const { broker, appended } = keeping(clock);
  await using bus = open(clock, broker, { lingerMs: 1000 });
  bus.events.publish(noted, { n: 0 });
  await turn();
  for (let n = 1; n <= 2500; n += 1) bus.events.publish(noted, { n });
  await turn();
  await turn();
  await turn();
  t.deepEqual(
    appended.map(({ body }) => decodeBatch(body).length),
    [1, 1000, 1000],
    'the rest waits for its linger',
  );
  const text = 'x'.repeat(100_000);
  for (let n = 1; n <= 3; n += 1) bus.events.publish(noted, { n, text });
  await turn();
  t.is(appended.length, 4);
});

test('flush and disposal don’t wait for the linger', async (t) => {
  const clock = new ManualClock();
  const { broker, seqs } = keeping(clock);
  const bus = open(clock, broker, { lingerMs: 60_000 });
  bus.events.publish(noted, { n: 1 });
  await turn();
  bus.events.publish(noted, { n: 2 });
  await bus.events.flush();
  t.deepEqual(seqs(), [1, 2]);
  bus.events.publish(noted, { n: 3 });
  await bus[Symbol.asyncDispose]();
  t.deepEqual(seqs(), [1, 2, 3]);
});

const word = fc.string({ unit: 'grapheme', maxLength: 400 });

test('the buffer holds as many bytes as it may, counted in UTF-8, and tells of every fact it dropped', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(word, { minLength: 1, maxLength: 80 }),
      fc.integer({ min: 500, max: 20_000 }),
      async (texts, bytes) => {
        const clock = new ManualClock();
        const { broker, appended, link } = keeping(clock);
        const { promise, resolve } = Promise.withResolvers<void>();
        link.away = promise;
        const faults: BusFault[] = [];
        await using bus = open(clock, broker, {
          buffer: { bytes },
          onFault: (fault: BusFault) => faults.push(fault),
        });
        for (const [n, text] of texts.entries()) {
          bus.events.publish(noted, { n, text });
          // The first is on its way alone, so that the count of what is on its way is looked at, too.
          if (n === 0) await turn();
        }
        const { buffered, dropped } = bus.events.pressure();
        t.is(buffered + dropped, texts.length);
        resolve();
        await bus.events.flush();
        const events = appended.flatMap(({ body }) => decodeBatch(body));
        const facts = events.filter(({ type }) => type === noted.eventType);
        const notices = events.filter(({ type }) => type !== noted.eventType);
        t.is(facts.length, buffered);
        // In order, every number once, either as a fact or in a notice.
        const told = events.flatMap(({ type, seq, data }) => {
          if (type === noted.eventType) return [seq];
          const { from, to } = data as Dropped;
          return Array.from({ length: to - from + 1 }, (_, i) => from + i);
        });
        t.deepEqual(
          told,
          texts.map((_, i) => i + 1),
        );
        t.is(notices.length > 0, dropped > 0);
        t.is(faults.length > 0, dropped > 0);
        const sizes = facts.map((fact) => wireBytes(fact, appended));
        const held = sizes.reduce((sum, size) => sum + size, 0);
        t.true(held <= bytes, `${held} bytes held of ${bytes}`);
        t.deepEqual(bus.events.pressure(), { buffered: 0, dropped });
      },
    ),
    runs(60),
  );
});

/** Bytes that the fact with this `seq` has on the wire. */
function wireBytes({ seq }: { seq: number }, appended: readonly Appended[]): number {
  for (const { body } of appended) {
    for (const event of JSON.parse(Buffer.from(body).toString()) as { seq: string }[]) {
      if (event.seq === String(seq)) return Buffer.byteLength(JSON.stringify(event));
    }
  }
  return 0;
}

for (const [kind, text] of [
  ['ASCII', 'x'.repeat(1000)],
  ['other', 'é'.repeat(500)],
]) {
  test(`a buffer for ten facts and a half holds ten, what is on its way counted, in each outage anew: ${kind}`, async (t) => {
    const clock = new ManualClock();
    const { broker, appended, link } = keeping(clock);
    const one = { n: 1, text: text as string };
    {
      await using probe = open(clock, broker);
      probe.events.publish(noted, one);
    }
    const size = appended[0]?.body.length as number;
    await using bus = open(clock, broker, { buffer: { bytes: 10.5 * size } });
    for (const wave of [1, 2, 3]) {
      const { promise, resolve } = Promise.withResolvers<void>();
      link.away = promise;
      for (let n = 0; n < 30; n += 1) {
        bus.events.publish(noted, one);
        if (n === 5) await turn();
      }
      t.deepEqual(bus.events.pressure(), { buffered: 10, dropped: 20 * wave });
      resolve();
      await bus.events.flush();
      await clock.advance(100);
    }
  });
}

test('no message is larger than the broker takes, whatever the characters', async (t) => {
  const clock = new ManualClock();
  const maxPayload = 20_000;
  const { broker, appended, seqs } = keeping(clock, { maxPayload });
  await using bus = open(clock, broker);
  const text = 'Ω漢😀'.repeat(100);
  for (let n = 0; n < 100; n += 1) bus.events.publish(noted, { n, text });
  await bus.events.flush();
  t.is(seqs().length, 100);
  t.true(appended.every(({ body }) => body.length <= maxPayload));
  t.true(appended.length <= 12, `${appended.length} messages`);
});

test('facts have ids of their own, which no other process makes', async (t) => {
  const clock = new ManualClock();
  const { broker, appended } = keeping(clock);
  const ids = countingIds('own-');
  for (const instance of ['one', 'two']) {
    await using bus = createBus(broker, { clock, ids, source: '/trial', instance });
    for (let n = 0; n < 50; n += 1) bus.events.publish(noted, { n });
    await bus.events.flush();
  }
  const all = appended.flatMap(({ body }) => decodeBatch(body)).map(({ id }) => id);
  t.is(new Set(all).size, 100);
});

test('the timer of the linger stops when nothing is published', async (t) => {
  let timers = 0;
  class Counting extends ManualClock {
    override every(ms: number, tick: () => void): Disposable {
      timers += 1;
      const timer = super.every(ms, tick);
      return {
        [Symbol.dispose]() {
          timers -= 1;
          timer[Symbol.dispose]();
        },
      };
    }
  }
  const clock = new Counting();
  const { broker } = keeping(clock);
  await using bus = open(clock, broker);
  for (let n = 0; n < 10; n += 1) {
    bus.events.publish(noted, { n });
    await turn();
    await clock.advance(1);
  }
  t.is(timers, 1);
  await clock.advance(2000);
  await until(() => timers === 0);
  t.is(timers, 0);
});
