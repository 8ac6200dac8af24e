import { createHealth, ManualClock } from '@sallyport/runtime';
import test from 'ava';

test('a process is ready only between its start and its end', async (t) => {
  using health = createHealth();
  t.deepEqual(await health.ready(), {
    ok: false,
    checks: [{ name: 'phase', ok: false, reason: 'starting' }],
  });
  health.enter('up');
  t.true((await health.ready()).ok);
  health.enter('draining');
  t.false((await health.ready()).ok);
  health.enter('up');
  t.is(health.phase, 'draining');
  t.false((await health.ready()).ok);
});

test('each failing check says why, and a check that was taken away no longer counts', async (t) => {
  using health = createHealth();
  health.enter('up');
  const bus = health.addReadiness('bus', () => 'no connection');
  health.addReadiness('store', async () => {
    throw new Error('away');
  });
  health.addReadiness('certs', async () => true);
  health.addReadiness('tickets', () => false);
  const report = await health.ready();
  t.false(report.ok);
  t.deepEqual(report.checks.slice(1), [
    { name: 'bus', ok: false, reason: 'no connection' },
    { name: 'store', ok: false, reason: 'away' },
    { name: 'certs', ok: true },
    { name: 'tickets', ok: false },
  ]);
  bus[Symbol.dispose]();
  t.is((await health.ready()).checks.length, 4);
});

test('a check that doesn’t answer within a second is a no', async (t) => {
  const clock = new ManualClock();
  using health = createHealth({ clock });
  health.enter('up');
  health.addReadiness('bus', () => new Promise(() => {}));
  const asked = health.ready();
  await clock.advance(1000);
  t.like((await asked).checks[1], { ok: false, reason: 'no answer within 1000 ms' });
});

test('a readiness check doesn’t make a process dead, nor a liveness check unready', async (t) => {
  using health = createHealth();
  health.enter('up');
  using _bus = health.addReadiness('bus', () => 'away');
  t.true((await health.live()).ok);
  using _stuck = health.addLiveness('worker', () => 'stuck');
  t.false((await health.live()).ok);
});

test('an event loop that was blocked for longer than allowed is reported as not live', async (t) => {
  using health = createHealth({ maxLagMs: 200 });
  t.true((await health.live()).ok);
  const until = performance.now() + 900;
  while (performance.now() < until);
  const report = await health.live();
  t.false(report.ok);
  t.regex(report.checks[0]?.reason ?? '', /was late by \d+ ms, more than 200 ms/);
});
