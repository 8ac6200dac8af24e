import { type Broker, createBus, RpcTimeoutError } from '@sallyport/bus';
import type { Clock } from '@sallyport/runtime';
import { randomIds, systemClock } from '@sallyport/runtime';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';
import { twice } from './trial-contracts.ts';

/** How late a deadline may be, beyond what the event loop was blocked: two ticks of the wheel. */
const LATE_MS = 40;

/** A broker that answers nothing, so that only deadlines and signals end a request. */
const silent = (): Broker & { waiting: number } => {
  const never = () => Promise.reject(new Error('not in this test'));
  const broker = {
    ...{ waiting: 0, maxPayload: 1_000_000, connected: true },
    onConnection: () => ({ [Symbol.dispose]() {} }),
    send() {},
    ...{ listen: never, respond: never, append: never, consume: never },
    ...{ browse: never, remove: never },
    request() {
      broker.waiting += 1;
      let waits = true;
      return () => {
        if (waits) broker.waiting -= 1;
        waits = false;
      };
    },
    [Symbol.asyncDispose]: async () => {},
  };
  return broker;
};

/** A clock that jumps as far as it is told, as after a blocked event loop; each jump rings every timer once. */
function jumping(): Clock & { jump(ms: number): Promise<void>; timers: number } {
  let now = 1000;
  const rings = new Set<() => void>();
  const clock = {
    ...systemClock,
    timers: 0,
    monotonic: () => now,
    every(_ms: number, ring: () => void) {
      clock.timers += 1;
      rings.add(ring);
      return { [Symbol.dispose]: () => void rings.delete(ring) };
    },
    async jump(ms: number) {
      now += ms;
      for (const ring of [...rings]) ring();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  return clock;
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ ask: fc.integer({ min: 1, max: 30_000 }) }) },
  { weight: 1, arbitrary: fc.record({ abort: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ jump: fc.integer({ min: 1, max: 400 }) }) },
  { weight: 1, arbitrary: fc.record({ jump: fc.integer({ min: 1000, max: 60_000 }) }) },
);

test('no request ends before its deadline, none is forgotten, an aborted one ends with its reason', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const clock = jumping();
      const broker = silent();
      await using bus = createBus(broker, {
        ...{ clock, ids: randomIds(systemClock), source: '/trial', instance: 'trial' },
      });
      interface Asked {
        due: number;
        cut: AbortController;
        end?: { at: number; error: unknown };
      }
      const asked: Asked[] = [];
      const check = (before: number) => {
        for (const { due, cut, end } of asked) {
          const now = clock.monotonic();
          if (cut.signal.aborted) continue;
          if (end === undefined) t.true(now < due + LATE_MS, `due ${due}, forgotten at ${now}`);
          else {
            t.true(end.error instanceof RpcTimeoutError);
            t.true(end.at >= due, `due ${due}, ended early at ${end.at}`);
            if (end.at > before) t.true(end.at === now);
          }
        }
      };
      for (const what of steps) {
        const before = clock.monotonic();
        if ('ask' in what) {
          const one: Asked = { due: before + what.ask, cut: new AbortController() };
          asked.push(one);
          bus.rpc
            .request(twice, { n: 1 }, { timeoutMs: what.ask, signal: one.cut.signal })
            .catch((error) => {
              one.end = { at: clock.monotonic(), error };
            });
        } else if ('abort' in what) {
          const one = asked[what.abort % Math.max(1, asked.length)];
          if (one !== undefined && one.end === undefined) {
            one.cut.abort(new Error('enough'));
            await clock.jump(0);
            t.is((one.end as Asked['end'])?.error, one.cut.signal.reason);
          }
        } else await clock.jump(what.jump);
        check(before);
      }
      await clock.jump(30_000 + LATE_MS);
      t.true(asked.every((one) => one.end !== undefined));
      t.is(broker.waiting, 0, 'whatever ended is forgotten at the broker too');
    }),
    runs(100),
  );
});

test('100,000 requests that wait share one timer and end within two ticks of their deadlines', async (t) => {
  const clock = jumping();
  await using bus = createBus(silent(), {
    ...{ clock, ids: randomIds(systemClock), source: '/trial', instance: 'trial' },
  });
  const before = clock.timers;
  let ended = 0;
  for (let i = 0; i < 100_000; i += 1) {
    bus.rpc.request(twice, { n: i }, { timeoutMs: 1000 + (i % 100) * 50 }).catch(() => {
      ended += 1;
    });
  }
  await clock.jump(0);
  t.is(clock.timers - before, 1);
  await clock.jump(999);
  t.is(ended, 0);
  for (let i = 0; i < 100; i += 1) {
    await clock.jump(i === 0 ? 1 + LATE_MS : 50);
    t.is(ended, 1000 * (i + 1));
  }
});
