import { DeadlineError, ManualClock, orAborted, withDeadline } from '@sallyport/runtime';
import test from 'ava';

/** Never done by itself; says when it was told to stop. */
function hanging() {
  let reason: unknown;
  const work = (signal: AbortSignal) => {
    signal.addEventListener('abort', () => {
      reason = signal.reason;
    });
    return new Promise<never>(() => {});
  };
  return { work, told: () => reason };
}

test('what is done in time is the result, and no timer is left', async (t) => {
  const clock = new ManualClock();
  const late = () => new Error('must not be made');
  t.is(await withDeadline({ clock, ms: 10, late }, async () => 7), 7);
  await clock.advance(1000);
  const error = new Error('its own');
  const failing = withDeadline({ clock, ms: 10, late }, () => Promise.reject(error));
  t.is(await t.throwsAsync(failing), error);
});

test('what takes longer is rejected at the deadline, and is told to stop', async (t) => {
  const clock = new ManualClock();
  const { work, told } = hanging();
  const waiting = withDeadline({ clock, ms: 10, late: 'reading' }, work);
  const seen = t.throwsAsync(waiting, { instanceOf: DeadlineError });
  await clock.advance(9);
  t.is(told(), undefined);
  await clock.advance(1);
  const error = await seen;
  t.is(error.message, 'reading must be done within 10 ms');
  t.is(told(), error);
  const own = new Error('own');
  const other = withDeadline({ clock, ms: 5, late: () => own }, hanging().work);
  const rejected = t.throwsAsync(other);
  await clock.advance(5);
  t.is(await rejected, own);
});

test('a signal ends it with its reason, before it began and in the middle', async (t) => {
  const clock = new ManualClock();
  const stop = new AbortController();
  const { work, told } = hanging();
  const waiting = withDeadline({ clock, ms: 10, late: 'x', signal: stop.signal }, work);
  const reason = new Error('gone');
  stop.abort(reason);
  t.is(await t.throwsAsync(waiting), reason);
  t.is(told(), reason);
  let begun = false;
  const begin = async () => {
    begun = true;
  };
  const options = { clock, ms: 10, late: 'x', signal: stop.signal };
  t.is(await t.throwsAsync(withDeadline(options, begin)), reason);
  t.false(begun);
  t.is(await t.throwsAsync(orAborted(new Promise(() => {}), stop.signal)), reason);
});
