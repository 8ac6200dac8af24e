import { countingIds, ManualClock, randomIds, systemClock } from '@sallyport/runtime';
import test from 'ava';

test('a manual clock wakes sleepers in the order of their deadlines and moves only when told', async (t) => {
  const clock = new ManualClock(1000);
  const woken: string[] = [];
  void clock.sleep(20).then(() => woken.push(`b at ${clock.now()}`));
  void clock.sleep(10).then(() => woken.push(`a at ${clock.now()}`));
  using _tick = clock.every(15, () => woken.push(`tick at ${clock.now()}`));
  await clock.advance(9);
  t.deepEqual(woken, []);
  await clock.advance(21);
  t.deepEqual(woken, ['a at 1010', 'tick at 1015', 'b at 1020', 'tick at 1030']);
  t.is(clock.monotonic(), 30);
});

test('a sleep ends with the reason of its signal, on either clock, aborted before or meanwhile', async (t) => {
  for (const clock of [new ManualClock(), systemClock]) {
    const reason = new Error('enough');
    await t.throwsAsync(clock.sleep(60_000, AbortSignal.abort(reason)), { is: reason });
    const controller = new AbortController();
    const sleeping = clock.sleep(60_000, controller.signal);
    controller.abort(reason);
    await t.throwsAsync(sleeping, { is: reason });
  }
});

test('a disposed interval ticks no more, even when disposed by its own tick', async (t) => {
  const clock = new ManualClock();
  let ticks = 0;
  const timer: Disposable = clock.every(10, () => {
    ticks += 1;
    timer[Symbol.dispose]();
  });
  await clock.advance(100);
  t.is(ticks, 1);
});

test('ids are 26 characters of the Crockford alphabet, and unique', (t) => {
  const clock = new ManualClock();
  const ids = randomIds(clock);
  const many = new Set(Array.from({ length: 10_000 }, () => ids.next()));
  t.is(many.size, 10_000);
  for (const id of many) t.regex(id, /^[0-9A-HJKMNP-TV-Z]{26}$/);
  t.deepEqual([countingIds('x').next(), countingIds('x').next()], ['x1', 'x1']);
});

test('an id of a later millisecond sorts after an earlier one', async (t) => {
  const clock = new ManualClock();
  const ids = randomIds(clock);
  const early = ids.next();
  await clock.advance(1);
  t.true(ids.next() > early);
});
