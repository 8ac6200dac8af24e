import type { Bus } from '@sallyport/bus';
import {
  authDecided,
  dropNoticeWriter,
  encodeBatch,
  eventWriter,
  handshakeFailed,
} from '@sallyport/contracts';
import { type Clock, systemClock } from '@sallyport/runtime';
import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import { clusterWorld, embeddedWorld, startControl, type World, worlds } from './control-world.ts';
import { eventsOf, openSse } from './sse-reader.ts';

const test = testWith('redis-server', 'nats-server');

const failed = (connection: string, more = {}) => ({
  ...{ connection, client: { address: '192.0.2.7' }, reason: 'timeout', durationMs: 5 },
  ...more,
});
const decided = (decision: string) => ({
  ...{ decision, login: 'ada', door: 'edge', client: { address: '192.0.2.7' } },
  ...{ verdict: 'accept' as const, reason: 'password', stages: [], durationMs: 1 },
});

/** One message with several events, as a busy publisher sends it. */
async function sendBatch(bus: Bus, names: readonly string[], seq = 1, epoch = 'e1') {
  const writer = eventWriter(handshakeFailed, { source: '/edge/x', instance: 'x', epoch });
  const events = names.map((name, i) =>
    writer.write({ id: `${epoch}-${name}`, time: Date.now(), seq: seq + i, data: failed(name) }),
  );
  await bus.outgoing.deliver({
    ...{ id: `batch-${epoch}-${seq}`, subject: handshakeFailed.subject, body: encodeBatch(events) },
    headers: { 'content-type': 'application/cloudevents-batch+json' },
  });
}

async function started(
  world: World,
  ...more: [Record<string, unknown>?, Record<string, string>?, Record<string, unknown>?, Clock?]
) {
  const instance = await startControl({ space: world.space, bus: await world.connect() }, ...more);
  return { instance, base: instance.control.url as string };
}

for (const [name, open] of Object.entries(worlds)) {
  // One set of brokers at a time: starting several at once takes longer than clients wait.
  const tried = open === clusterWorld ? test.serial : test;
  tried(`${name}: a tail shows each event as it happens, as the CloudEvent it was`, async (t) => {
    await using world = await open();
    const { instance, base } = await started(world);
    await using _ = instance;
    const bus = await world.connect();
    using tail = await openSse(base, '/events');
    t.is(tail.status, 200);
    t.is(tail.headers['content-type'], 'text/event-stream; charset=utf-8');
    t.is(tail.headers['cache-control'], 'no-store');
    bus.events.publish(handshakeFailed, failed('one'), { about: 'shop.example' });
    await bus.events.record(authDecided, decided('d1'), { id: 'decision-1' });
    const events = await eventsOf(tail, 2);
    const [handshake, decision] = events.toSorted((a, b) => (a.type < b.type ? 1 : -1));
    t.is(handshake?.type, 'sallyport.tls.handshake-failed.v1');
    t.is(handshake?.specversion, '1.0');
    t.is(handshake?.seq, '1');
    t.is(handshake?.subject, 'shop.example');
    t.deepEqual(handshake?.data, failed('one'));
    t.is(decision?.id, 'decision-1');
    t.deepEqual(decision?.data, decided('d1'));
  });

  tried(
    `${name}: with Last-Event-ID a reader goes on behind the event it had, in the middle of a batch too`,
    async (t) => {
      await using world = await open();
      const { instance, base } = await started(world);
      await using _ = instance;
      const bus = await world.connect();
      await sendBatch(bus, ['a', 'b', 'c']);
      await sendBatch(bus, ['d', 'e'], 4);
      using whole = await openSse(base, '/events?from=all&type=tls.*');
      const events = await eventsOf(whole, 5);
      const names = (list: { data: { connection: string } }[]) =>
        list.map((e) => e.data.connection);
      t.deepEqual(names(events), ['a', 'b', 'c', 'd', 'e']);
      for (const [i, { position }] of events.entries()) {
        t.regex(position, /^\d+\.\d+$/);
        if (i === events.length - 1) break;
        using rest = await openSse(base, '/events?from=new&type=tls.*', {
          'last-event-id': position,
        });
        t.deepEqual(
          names(await eventsOf(rest, 4 - i)),
          ['a', 'b', 'c', 'd', 'e'].slice(i + 1),
          position,
        );
      }
      const [message] = events[0].position.split('.');
      using behind = await openSse(base, '/events', { 'last-event-id': message as string });
      t.deepEqual(names(await eventsOf(behind, 2)), ['d', 'e']);
    },
  );

  tried(`${name}: types and beginnings choose what is shown`, async (t) => {
    await using world = await open();
    const { instance, base } = await started(world);
    await using _ = instance;
    const bus = await world.connect();
    bus.events.publish(handshakeFailed, failed('early'));
    await bus.events.flush();
    await bus.events.record(authDecided, decided('d1'));
    const types = async (query: string, count: number) => {
      using tail = await openSse(base, `/events?${query}`);
      return (await eventsOf(tail, count)).map(({ type }) => type.split('.')[1]).toSorted();
    };
    t.deepEqual(await types('from=all', 2), ['auth', 'tls']);
    t.deepEqual(await types('from=all&type=*', 2), ['auth', 'tls']);
    t.deepEqual(await types('from=all&type=tls.*', 1), ['tls']);
    t.deepEqual(await types('from=all&type=auth.decided', 1), ['auth']);
    t.deepEqual(await types('from=all&type=sallyport.auth.decided.v1', 1), ['auth']);
    t.deepEqual(await types('from=all&type=auth.decided,tls.handshake-failed', 2), ['auth', 'tls']);
    t.deepEqual(await types('from=all&type=auth.*&type=tls.*', 2), ['auth', 'tls']);
    t.deepEqual(await types('from=2020-01-01T00:00:00Z', 2), ['auth', 'tls']);
    using fresh = await openSse(
      base,
      '/events?type=tls.handshake-completed&type=tls.handshake-failed',
    );
    bus.events.publish(handshakeFailed, failed('late'));
    t.deepEqual(
      (await eventsOf(fresh, 1)).map(({ data }) => data.connection),
      ['late'],
    );
  });

  tried(
    `${name}: a notice of dropped events stands among the others, for those who asked for its type`,
    async (t) => {
      await using world = await open();
      const { instance, base } = await started(world);
      await using _ = instance;
      const bus = await world.connect();
      const origin = { source: '/edge/x', instance: 'x', epoch: 'e1' };
      const event = eventWriter(handshakeFailed, origin);
      const notice = dropNoticeWriter(handshakeFailed.eventType, origin);
      const time = Date.now();
      const body = encodeBatch([
        event.write({ id: '1', time, seq: 1, data: failed('a') }),
        notice({ id: '9', time, from: 2, to: 9, reason: 'pressure' }),
        event.write({ id: '10', time, seq: 10, data: failed('b') }),
      ]);
      await bus.outgoing.deliver({
        ...{ id: 'batch', subject: handshakeFailed.subject, body },
        headers: { 'content-type': 'application/cloudevents-batch+json' },
      });
      using tail = await openSse(base, '/events?from=all&type=tls.handshake-failed');
      const events = await eventsOf(tail, 3);
      t.deepEqual(
        events.map(({ type, seq }) => [type, seq]),
        [
          ['sallyport.tls.handshake-failed.v1', '1'],
          ['sallyport.dropped.v1', '9'],
          ['sallyport.tls.handshake-failed.v1', '10'],
        ],
      );
      t.deepEqual(events[1]?.data, {
        ...{ of: handshakeFailed.eventType, from: 2, to: 9, reason: 'pressure' },
      });
      t.is(events[1].position, undefined);
      using resumed = await openSse(base, '/events', {
        'last-event-id': tail.messages().at(-1)?.id ?? '',
      });
      using others = await openSse(base, '/events?from=all&type=auth.*');
      await bus.events.record(authDecided, decided('d1'));
      t.is((await eventsOf(others, 1)).length, 1);
      t.deepEqual(
        (await eventsOf(resumed, 1)).filter(({ type }) => /failed/.test(type)),
        [],
      );
    },
  );
}

test('a reader that stops reading holds up neither control nor the others, and gets everything when it reads on', async (t) => {
  await using world = await embeddedWorld();
  const { instance, base } = await started(world);
  await using _ = instance;
  const bus = await world.connect();
  using slow = await openSse(base, '/events?type=tls.*');
  using quick = await openSse(base, '/events?type=tls.*');
  slow.pause();
  const COUNT = 3000;
  const serverName = 'n'.repeat(250);
  const before = process.memoryUsage().rss;
  for (let i = 0; i < COUNT; i += 1) {
    bus.events.publish(handshakeFailed, failed(`c${i}`, { serverName, note: 'x'.repeat(4000) }));
    if (i % 500 === 499) await bus.events.flush();
  }
  const seen = await eventsOf(quick, COUNT);
  t.is(new Set(seen.map(({ data }) => data.connection)).size, COUNT);
  // What it hasn't read is in the stream, and in the kernel's buffers, but not here.
  t.true(process.memoryUsage().rss - before < 600 * 1024 * 1024);
  const had = slow.text.length;
  t.true(had < COUNT * 1000, `${had}`);
  slow.resume();
  const all = await eventsOf(slow, COUNT);
  t.deepEqual(
    all.map(({ data }) => data.connection),
    Array.from({ length: COUNT }, (_, i) => `c${i}`),
  );
});

test('a tail outlives every time limit of the listener', async (t) => {
  await using world = await embeddedWorld();
  const { instance, base } = await started(world, { request_timeout: '1s' });
  await using _ = instance;
  const bus = await world.connect();
  using tail = await openSse(base, '/events');
  const until3s = performance.now() + 3000;
  await until(() => performance.now() > until3s, 'three times the limit');
  bus.events.publish(handshakeFailed, failed('late'));
  t.is((await eventsOf(tail, 1)).length, 1);
  t.false(tail.ended);
});

/** Time in which long pauses are short. */
const hasty: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms >= 30_000 ? 300 : ms, signal),
  every: (ms, tick) => systemClock.every(ms >= 10_000 ? 50 : ms, tick),
};

test('a reader that takes nothing for half a minute is cut off, and a line of the log says so', async (t) => {
  await using world = await embeddedWorld();
  const { instance, base } = await started(world, {}, {}, {}, hasty);
  await using _ = instance;
  const bus = await world.connect();
  using stalled = await openSse(base, '/events');
  stalled.pause();
  const note = 'x'.repeat(8000);
  await until(async () => {
    for (let i = 0; i < 200; i += 1) bus.events.publish(handshakeFailed, failed(`c${i}`, { note }));
    await bus.events.flush();
    return instance.lines.some((line) => line.includes('a reader of events stalled'));
  });
  stalled.resume();
  await until(() => stalled.ended);
  t.not(stalled.messages().at(-1)?.event, 'end');
});

test('a quiet tail shows that it lives', async (t) => {
  await using world = await embeddedWorld();
  const { instance, base } = await started(world, {}, {}, {}, hasty);
  await using _ = instance;
  using tail = await openSse(base, '/events');
  await until(() => tail.text.includes(':\n\n:\n\n'), 'comments');
  t.is(tail.messages().filter(({ data }) => data !== undefined).length, 0);
});

test.serial(
  'a tail outlives an outage of the broker; one that is opened meanwhile is told',
  async (t) => {
    await using world = await clusterWorld();
    const { instance, base } = await started(world);
    await using _ = instance;
    const bus = await world.connect();
    using tail = await openSse(base, '/events');
    bus.events.publish(handshakeFailed, failed('before'));
    await eventsOf(tail, 1);
    await world.nats?.kill();
    await until(() => !bus.connected);
    const refused = await instance.ask('GET', '/operator/v1/events');
    t.is(refused.status, 503);
    t.regex(refused.json.detail, /^the bus is unavailable: /);
    t.is((await instance.ask('GET', '/operator/v1/certificates')).status, 503);
    bus.events.publish(handshakeFailed, failed('during'));
    await world.nats?.restart();
    const events = await eventsOf(tail, 2);
    t.deepEqual(
      events.map(({ data }) => data.connection),
      ['before', 'during'],
    );
    t.false(tail.ended);
  },
);

test('draining ends every tail with a word about it, at once', async (t) => {
  await using world = await embeddedWorld();
  const { instance, base } = await started(world);
  await using _ = instance;
  using tail = await openSse(base, '/events');
  const began = performance.now();
  await instance.control.drain?.(new AbortController().signal);
  t.true(performance.now() - began < 1500, 'not the listener’s deadline of 2 s');
  await until(() => tail.ended);
  t.deepEqual(tail.messages().at(-1), { event: 'end', data: '{"reason":"draining"}' });
});

test('disposing without a drain ends tails too', async (t) => {
  await using world = await embeddedWorld();
  const { instance, base } = await started(world);
  using tail = await openSse(base, '/events');
  const began = performance.now();
  await instance[Symbol.asyncDispose]();
  t.true(performance.now() - began < 1500, 'not the listener’s deadline of 2 s');
  await until(() => tail.ended);
  t.deepEqual(tail.messages().at(-1), { event: 'end', data: '{"reason":"draining"}' });
});

test('readers beyond the limit are refused, and who leaves makes room', async (t) => {
  await using world = await embeddedWorld();
  const { instance, base } = await started(world, {}, {}, { max_tails: 2 });
  await using _ = instance;
  const first = await openSse(base, '/events');
  using second = await openSse(base, '/events');
  t.is(second.status, 200);
  using third = await openSse(base, '/events');
  t.is(third.status, 503);
  await until(() => /2 tails are open already/.test(third.text));
  t.is(third.headers['retry-after'], '1');
  first[Symbol.dispose]();
  await until(async () => {
    using again = await openSse(base, '/events');
    return again.status === 200;
  }, 'room for another');
  t.pass();
});

for (const [query, headers, complaint] of [
  ['type=nothing.here', {}, "type 'nothing.here' must be *, or one of auth.*, "],
  ['type=tls', {}, "type 'tls' must be"],
  ['from=yesterday', {}, "from 'yesterday' must be new, all, or a time as in RFC 3339"],
  ['from=2026-13-01T00:00:00Z', {}, 'must be new, all'],
  ['', { 'last-event-id': 'abc' }, "Last-Event-ID 'abc' must be one that this stream gave"],
  ['', { 'last-event-id': '0' }, "Last-Event-ID '0'"],
] as const) {
  test(`what can't be understood is refused with the rule: ${query}${JSON.stringify(headers)}`, async (t) => {
    await using world = await embeddedWorld();
    const { instance } = await started(world);
    await using _ = instance;
    const { status, json } = await instance.ask(
      ...(['GET', `/operator/v1/events?${query}`, undefined, { ...headers }] as const),
    );
    t.is(status, 400);
    t.true(json.detail.includes(complaint), json.detail);
  });
}
