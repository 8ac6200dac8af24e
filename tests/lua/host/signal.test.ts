import { hostFunction, LuaStopError } from '@sallyport/lua';
import test from 'ava';
import { run, waitingEnvironment } from './world.ts';

/** An environment with `hang()`, which waits until its signal aborts and counts that. */
function hanging() {
  const environment = waitingEnvironment();
  const seen: { started: number; reasons: unknown[] } = { started: 0, reasons: [] };
  environment.globals.set(
    'hang',
    hostFunction('hang', ({ signal }) => {
      seen.started += 1;
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          seen.reasons.push(signal.reason);
          reject(signal.reason);
        });
      });
    }),
  );
  return { environment, seen };
}

test("the caller's signal ends a script that waits, and the host call it waits for", async (t) => {
  const { environment, seen } = hanging();
  const controller = new AbortController();
  const call = run('hang()', environment, { signal: controller.signal });
  controller.abort(new Error('caller left'));
  const error = await t.throwsAsync(call, { instanceOf: LuaStopError });
  t.is(error?.reason, 'aborted');
  t.is(seen.reasons.length, 1);
});

test('no pcall, coroutine or handler of the script can catch the end', async (t) => {
  const { environment, seen } = hanging();
  const controller = new AbortController();
  const call = run(
    `while true do
       pcall(coroutine.wrap(function() xpcall(hang, function() return "caught" end) end))
     end`,
    environment,
    { signal: controller.signal },
  );
  controller.abort();
  await t.throwsAsync(call, { instanceOf: LuaStopError });
  t.is(seen.started, 1);
});

test('a signal that has aborted before lets nothing run', async (t) => {
  const { environment, seen } = hanging();
  const call = run('hang()', environment, { signal: AbortSignal.abort() });
  await t.throwsAsync(call, { instanceOf: LuaStopError });
  t.is(seen.started, 0);
});

test('a time-out ends a script that only waits and aborts the host call', async (t) => {
  const { environment, seen } = hanging();
  const start = performance.now();
  const error = await t.throwsAsync(run('hang()', environment, { limits: { timeout: 60 } }), {
    instanceOf: LuaStopError,
  });
  t.is(error?.reason, 'deadline');
  t.true(performance.now() - start >= 55);
  t.is(seen.reasons.length, 1);
});

test('waiting costs nothing of the computing time', async (t) => {
  const environment = waitingEnvironment();
  environment.globals.set(
    'sleep',
    hostFunction('sleep', () => new Promise((resolve) => setTimeout(resolve, 80, []))),
  );
  t.deepEqual(await run('sleep() sleep() return "rested"', environment, { limits: { cpu: 60 } }), [
    'rested',
  ]);
});

test('other calls in the same environment go on when one of them is ended', async (t) => {
  const { environment } = hanging();
  const controller = new AbortController();
  const ended = run('hang()', environment, { signal: controller.signal });
  const other = run('local s = 0 for i = 1, 20 do s = s + later(i) end return s', environment);
  controller.abort();
  await t.throwsAsync(ended, { instanceOf: LuaStopError });
  t.deepEqual(await other, [210]);
});
