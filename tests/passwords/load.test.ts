import { scryptSync } from 'node:crypto';
import { threadCpuUsage } from 'node:process';
import {
  createEngine,
  createPasswords,
  PasswordsClosedError,
  PasswordWorkerError,
} from '@sallyport/passwords';
import test from 'ava';
import { until } from '../world/until.ts';
import { heldEngine } from './counting.ts';

const HASH = '{SSHA}H/zrDv8FXUu1JmwvVYijfrYEF34jVZcO';
const WRONG = new Uint8Array(20);

test('So many run, so many wait, and the next is told to come back, at once.', async (t) => {
  const engine = heldEngine();
  await using passwords = createPasswords({ concurrency: 2, queue: 3 }, engine);
  const asked = Array.from({ length: 5 }, () => passwords.verify(HASH, 'x'));
  t.deepEqual(passwords.load, { running: 2, waiting: 3 });
  t.deepEqual(await passwords.verify(HASH, 'x'), { outcome: 'busy' });
  t.deepEqual(await passwords.verifyNobody('x'), { outcome: 'busy' });
  t.deepEqual(await passwords.make('ssha512', 'x'), { outcome: 'busy' });
  t.is(engine.held.length, 2);
  for (let done = 0; done < 5; done += 1) {
    await until(() => engine.held.length === Math.min(5, done + 2));
    engine.held[done]?.resolve(WRONG);
  }
  for (const verdict of await Promise.all(asked)) t.deepEqual(verdict, { outcome: 'mismatch' });
  t.deepEqual(passwords.load, { running: 0, waiting: 0 });
});

test('Who waits gets turns in the order of coming, and a late comer doesn’t overtake.', async (t) => {
  const engine = heldEngine();
  await using passwords = createPasswords({ concurrency: 1 }, engine);
  const done: number[] = [];
  const asked = [0, 1, 2].map(async (i) => {
    await passwords.verify(HASH, 'x');
    done.push(i);
    if (i === 0) asked.push(passwords.verify(HASH, 'x').then(() => void done.push(3)));
  });
  for (let i = 0; i < 4; i += 1) {
    await until(() => engine.held.length > i);
    engine.held[i]?.resolve(WRONG);
  }
  await until(() => done.length === 4);
  t.deepEqual(done, [0, 1, 2, 3]);
});

test('An abort takes a waiting question away, and leaves a running one its place until it ends.', async (t) => {
  const engine = heldEngine();
  await using passwords = createPasswords({ concurrency: 1 }, engine);
  const stop = new AbortController();
  const reason = new Error('enough');
  const running = passwords.verify(HASH, 'x', stop.signal);
  const waiting = passwords.verify(HASH, 'x', stop.signal);
  t.deepEqual(passwords.load, { running: 1, waiting: 1 });
  stop.abort(reason);
  t.is(await t.throwsAsync(running), reason);
  t.is(await t.throwsAsync(waiting), reason);
  t.is(await t.throwsAsync(passwords.verify(HASH, 'x', stop.signal)), reason);
  t.deepEqual(passwords.load, { running: 1, waiting: 0 });
  engine.held[0]?.resolve(WRONG);
  await until(() => passwords.load.running === 0);
  t.is(engine.held.length, 1);
});

test('Disposal refuses who waits and who comes later, and waits for what runs.', async (t) => {
  const engine = heldEngine();
  const passwords = createPasswords({ concurrency: 1 }, engine);
  const running = passwords.verify(HASH, 'x');
  const waiting = passwords.verify(HASH, 'x');
  let disposed = false;
  const disposal = passwords[Symbol.asyncDispose]().then(() => {
    disposed = true;
  });
  await t.throwsAsync(waiting, { instanceOf: PasswordsClosedError });
  await t.throwsAsync(passwords.verify(HASH, 'x'), { instanceOf: PasswordsClosedError });
  t.false(disposed);
  engine.held[0]?.resolve(WRONG);
  t.deepEqual(await running, { outcome: 'mismatch' });
  await disposal;
  t.true(disposed);
});

test('A computation that fails is an error, gives its place back, and the next one works.', async (t) => {
  const engine = heldEngine();
  await using passwords = createPasswords({ concurrency: 1 }, engine);
  const failing = passwords.verify(HASH, 'x');
  engine.held[0]?.reject(new PasswordWorkerError('died'));
  await t.throwsAsync(failing, { instanceOf: PasswordWorkerError });
  const next = passwords.verify(HASH, 'x');
  engine.held[1]?.resolve(WRONG);
  t.deepEqual(await next, { outcome: 'mismatch' });
});

test('A thread that throws is reported, and goes on; ended threads are replaced.', async (t) => {
  const engine = createEngine();
  const work = { kind: 'bcrypt', cost: 4, salt: 'abcdefghijklmnopqrstuu' } as const;
  const password = Buffer.from('x');
  await t.throwsAsync(engine.derive({ ...work, salt: '' }, password), {
    instanceOf: PasswordWorkerError,
  });
  t.is(
    Buffer.from(await engine.derive(work, password)).toString(),
    'Pp7HPfoAs8I2dCQCQ/fW7zEJv8I8C8e',
  );
  const cut = engine.derive({ ...work, cost: 16 }, password);
  await engine[Symbol.asyncDispose]();
  await t.throwsAsync(cut, { instanceOf: PasswordWorkerError });
  t.is(Buffer.from(await engine.derive(work, password)).length, 31);
  await engine[Symbol.asyncDispose]();
});

test('The caller’s bytes may be changed or wiped as soon as the call has returned.', async (t) => {
  await using passwords = createPasswords({ concurrency: 1 });
  const password = Buffer.from('test');
  const first = passwords.verify('{SSHA}H/zrDv8FXUu1JmwvVYijfrYEF34jVZcO', password);
  const second = passwords.verify('{SSHA}H/zrDv8FXUu1JmwvVYijfrYEF34jVZcO', password);
  password.fill(0);
  t.deepEqual(await Promise.all([first, second]), [{ outcome: 'match' }, { outcome: 'match' }]);
});

/** The cost of the scrypt hash below. */
const SCRYPT = { N: 2 ** 16, r: 8, p: 1, maxmem: 2 ** 27 };

/** Microseconds of processor that this thread spends until `work` is done. Doesn't count what others do meanwhile. */
async function ownCpu(work: () => unknown): Promise<number> {
  const before = threadCpuUsage();
  await work();
  const { user, system } = threadCpuUsage(before);
  return user + system;
}

test('The thread that asks spends next to nothing on a slow hash: the work is done elsewhere.', async (t) => {
  await using passwords = createPasswords();
  // Threads start once; that isn't the cost of a hash.
  await passwords.verify('$2b$04$abcdefghijklmnopqrstuuPp7HPfoAs8I2dCQCQ/fW7zEJv8I8C8e', 'x');
  const slow = [
    '$2b$11$abcdefghijklmnopqrstuuPp7HPfoAs8I2dCQCQ/fW7zEJv8I8C8e',
    '$5$rounds=200000$longpass$LPQSvTRKsF8dDZ/nM.Ql40ff3AG/BMdgD9eGD/.v1H5',
    '$argon2id$v=19$m=65536,t=3,p=1$obrOoff8b4RCP/nq5ruF5w$wE0Dtja4uyTM04feKHei2nu/XFhChbpiXCFgGUJS1ZI',
    `$scrypt$ln=16,r=8,p=1$TmFDbA$${'A'.repeat(43)}`,
  ];
  const inline = await ownCpu(() => scryptSync('x', '', 32, SCRYPT));
  for (const hash of slow) {
    const spent = await ownCpu(async () =>
      t.is((await passwords.verify(hash, 'x')).outcome, 'mismatch'),
    );
    t.true(
      spent < inline / 4,
      `${hash.slice(0, 12)}: ${spent} µs here, ${inline} µs for scrypt inline`,
    );
  }
});
