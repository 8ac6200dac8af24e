import { type Broker, createBus, RpcTimeoutError } from '@sallyport/bus';
import { countingIds, ManualClock } from '@sallyport/runtime';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';
import { twice } from './trial-contracts.ts';

/** A broker on which nothing is ever answered. */
const silent: Broker = {
  maxPayload: 1_048_576,
  connected: true,
  onConnection: () => ({ [Symbol.dispose]() {} }),
  send() {},
  listen: async () => ({ async [Symbol.asyncDispose]() {} }),
  request: () => () => {},
  respond: async () => ({ async [Symbol.asyncDispose]() {} }),
  append: async () => ({ sequence: 1, duplicate: false }),
  consume: async () => ({ async stop() {}, async [Symbol.asyncDispose]() {} }),
  browse: async () => [],
  remove: async () => false,
  async [Symbol.asyncDispose]() {},
};

const request = fc.record({
  startMs: fc.integer({ min: 0, max: 300 }),
  timeoutMs: fc.integer({ min: 0, max: 500 }),
  /** When the caller stops waiting by itself. */
  stopMs: fc.option(fc.integer({ min: 0, max: 500 })),
});

test('a request ends at its deadline, never before and at most 50 ms after; one that was stopped ends once', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(request, { maxLength: 12 }), async (requests) => {
      const clock = new ManualClock();
      const [ids, source, instance] = [countingIds(), '/trial', 'trial'];
      await using bus = createBus(silent, { clock, ids, source, instance });
      const ends = requests.map(async ({ startMs, timeoutMs, stopMs }) => {
        await clock.sleep(startMs);
        const began = clock.monotonic();
        const stop = new AbortController();
        if (stopMs !== null) void clock.sleep(stopMs).then(() => stop.abort(new Error('stopped')));
        const error = await bus.rpc
          .request(twice, { n: 1 }, { timeoutMs, signal: stop.signal })
          .then(
            () => new Error('answered by nobody'),
            (reason: Error) => reason,
          );
        const took = clock.monotonic() - began;
        if (error.message === 'stopped') return took === stopMs && took <= timeoutMs + 50;
        return error instanceof RpcTimeoutError && took >= timeoutMs && took <= timeoutMs + 50;
      });
      for (let at = 0; at < 1_000; at += 5) await clock.advance(5);
      t.true((await Promise.all(ends)).every(Boolean));
    }),
    runs(100),
  );
});

test('what was answered leaves nothing behind that waits for its deadline', async (t) => {
  let timers = 0;
  class Counting extends ManualClock {
    override every(ms: number, tick: () => void): Disposable {
      const timer = super.every(ms, tick);
      timers += 1;
      return {
        [Symbol.dispose]() {
          timers -= 1;
          timer[Symbol.dispose]();
        },
      };
    }
  }
  const clock = new Counting();
  const prompt: Broker = {
    ...silent,
    request(_subject, _message, settle) {
      settle({ headers: {}, body: new TextEncoder().encode('{"n":2}') });
      return () => {};
    },
  };
  const [ids, source, instance] = [countingIds(), '/trial', 'trial'];
  await using bus = createBus(prompt, { clock, ids, source, instance });
  t.deepEqual(await bus.rpc.request(twice, { n: 1 }), { n: 2 });
  t.is(timers, 1);
  await clock.advance(40);
  t.is(timers, 0);
});

test('what a handler answers is sent before its deadline and not after it', async (t) => {
  const clock = new ManualClock();
  let ask: Parameters<Broker['respond']>[1] | undefined;
  const asking: Broker = {
    ...silent,
    respond: (subject, onRequest) => {
      ask = onRequest;
      return silent.respond(subject, onRequest);
    },
  };
  await using bus = createBus(asking, {
    ...{ clock, ids: countingIds(), source: '/test', instance: 'test-1' },
  });
  await using _ = await bus.rpc.respond(twice, {}, async ({ n }) => {
    await clock.sleep(n);
    return { n };
  });
  const answered: number[] = [];
  for (const n of [99, 100, 150]) {
    const headers = { 'sp-timeout': '100' };
    ask?.({ headers, body: Buffer.from(JSON.stringify({ n })) }, () => answered.push(n));
  }
  await clock.advance(300);
  t.deepEqual(answered, [99]);
});
