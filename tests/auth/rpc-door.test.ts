import { RpcBusyError, RpcFailedError } from '@sallyport/bus';
import { authDecide, sealedFieldContext } from '@sallyport/contracts';
import { createKeyRings, MasterKey } from '@sallyport/pki';
import test from 'ava';
import { memoryRings } from '../pki/memory-rings.ts';
import { until } from '../world/until.ts';
import { embeddedWorld, RIGHT, rule, startAuth } from './auth-world.ts';

const context = (id: string) =>
  sealedFieldContext({ subject: authDecide.subject, path: '/password', id });

test('The right password gets account and attributes, a wrong one a reason.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world);
  t.like(await auth.ask({ login: 'bob', clear: RIGHT.bob }), {
    ...{ verdict: 'accept', reason: 'password', account: 'bob@example.com' },
    attributes: { groups: ['staff', 'mail'], quota: ['1G'] },
  });
  const wrong = await auth.ask({ login: 'bob', clear: RIGHT.alice });
  const { decision, ...rest } = wrong;
  t.deepEqual(rest, { verdict: 'reject', reason: 'password' });
  t.is((await auth.event(decision)).account, 'bob@example.com');
});

test('The same message with the same key is one decision, counted once, told again for ten minutes.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world, { config: rule(3) });
  const sealed = auth.seal('guess', 'k1');
  const ask = () => auth.ask({}, { key: 'k1', sealed });
  const first = await ask();
  // By far more than the rule bears, were each of them counted.
  const again = await Promise.all(Array.from({ length: 20 }, ask));
  for (const answer of again) t.deepEqual(answer, first);
  t.is(auth.hashed.length, 1);
  t.is((await auth.ask({ clear: RIGHT.alice })).verdict, 'accept');

  // The reader would refuse the sealed password by now.
  world.clock.advance(9 * 60_000);
  t.deepEqual(await ask(), first);
  world.clock.advance(2 * 60_000);
  await t.throwsAsync(ask(), { instanceOf: RpcFailedError });
  await auth.event(first.decision);
  t.is(auth.decided.filter(({ decision }) => decision === first.decision).length, 1);
});

test('Two instances that are asked the same at the same time give one answer, and count it once.', async (t) => {
  await using world = await embeddedWorld();
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const arrived: number[] = [];
  const wait = (i: number) => ({
    features: [
      {
        name: 'gate',
        onFailure: 'closed' as const,
        async look() {
          arrived.push(i);
          await gates[i]?.promise;
          return { outcome: 'pass' as const };
        },
      },
    ],
  });
  await using a = await startAuth(world, { config: rule(2), ports: { stages: wait(0) } });
  await using b = await startAuth(world, { config: rule(2), ports: { stages: wait(1) } });
  const sealed = a.seal('guess', 'k2');
  // Asked until both have it: which of them gets a message isn't ours to say.
  const asked = [];
  while (new Set(arrived).size < 2) {
    asked.push(a.ask({}, { key: 'k2', sealed }));
    await until(() => asked.length < 8 || arrived.length > 1);
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const gate of gates) gate.resolve();
  const [first, ...others] = await Promise.all(asked);
  for (const other of others) t.deepEqual(other, first);
  await a.event(first?.decision ?? '');
  await using c = await startAuth(world, { config: rule(2) });
  for (const instance of [a, b]) await instance[Symbol.asyncDispose]();
  t.is((await c.ask({ clear: RIGHT.alice })).verdict, 'accept', 'counted once of two');
});

test('A key doesn’t open the answer to another question.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world);
  t.is((await auth.ask({ clear: RIGHT.alice }, { key: 'k3' })).verdict, 'accept');
  t.is((await auth.ask({ clear: 'wrong' }, { key: 'k3' })).verdict, 'reject');
  t.is((await auth.ask({ login: 'bob', clear: 'wrong' }, { key: 'k3' })).verdict, 'reject');
});

test('A password that is forged, too old, of another message or without a key is an error, never a verdict.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world);
  const code = (remoteCode: string) => ({ instanceOf: RpcFailedError, message: /./, remoteCode });
  const refused = async (sealed: string, key: string, wanted = 'SP_ERR_AUTH_SEALED_PASSWORD') => {
    const error = await t.throwsAsync(auth.ask({}, { key, sealed }), {
      instanceOf: RpcFailedError,
    });
    t.is((error as RpcFailedError).remoteCode, code(wanted).remoteCode);
    t.false(error?.message.includes(RIGHT.alice));
  };
  await refused(auth.seal(RIGHT.alice, 'other'), 'k4');
  await refused(`${auth.seal(RIGHT.alice, 'k4').slice(0, -4)}AAAA`, 'k4');
  const old = world.sealer.sealSecret(Buffer.from(RIGHT.alice), {
    ...{ context: context('k5'), ttlMs: 1000 },
  });
  world.clock.advance(10_000);
  await refused(old, 'k5');
  const strangers = createKeyRings(
    { store: memoryRings(), clock: world.clock },
    { service: 'auth', masterKey: new MasterKey(Buffer.alloc(32, 9)) },
  );
  await strangers.openReader('messages-auth');
  t.is(auth.hashed.length, 0);
  const keyless = (await world.connect('edge')).rpc.request(authDecide, {
    ...{ login: 'alice', door: 'edge', client: { address: '192.0.2.7' } },
    password: auth.seal(RIGHT.alice, 'k6'),
  });
  const error = await t.throwsAsync(keyless, { instanceOf: RpcFailedError });
  t.is((error as RpcFailedError).remoteCode, 'SP_ERR_AUTH_REQUEST');
  await t.throwsAsync(auth.ask({ clear: RIGHT.alice, client: { address: 'localhost' } }), {
    message: /client\.address "localhost" must be an IPv4 or IPv6 address/,
  });
  t.is(auth.hashed.length, 0);
  t.is(auth.decided.length, 0);
});

test('A password sealed with a key made since is opened: the ring is read again.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world);
  t.is((await auth.ask({ clear: RIGHT.alice })).verdict, 'accept');
  await world.rotate();
  t.regex(auth.seal('x', 'k'), /^sp1\.2\./);
  // It may be read once a second, and has just been.
  await until(async () => {
    try {
      return (await auth.ask({ clear: RIGHT.alice })).verdict === 'accept';
    } catch (error) {
      t.is((error as RpcFailedError).remoteCode, 'SP_ERR_AUTH_SEALED_PASSWORD');
      return false;
    }
  }, 'the new key is known');
});

test('Beyond what may run and wait the door says busy at once.', async (t) => {
  await using world = await embeddedWorld();
  const gate = Promise.withResolvers<void>();
  const stages = {
    features: [
      {
        name: 'gate',
        onFailure: 'closed' as const,
        async look() {
          await gate.promise;
          return { outcome: 'pass' as const };
        },
      },
    ],
  };
  const config = { rpc: { concurrency: 2, waiting: 3 } };
  await using auth = await startAuth(world, { config, ports: { stages } });
  const asked = Array.from({ length: 9 }, () => auth.ask({ clear: RIGHT.alice }));
  const ends = Promise.allSettled(asked);
  await t.throwsAsync(
    Promise.any(asked.slice(5).map(async (one) => Promise.reject(await one.catch((e) => e)))),
    {
      instanceOf: AggregateError,
    },
  );
  gate.resolve();
  const settled = await ends;
  t.is(settled.filter(({ status }) => status === 'fulfilled').length, 5);
  for (const one of settled) {
    if (one.status === 'rejected') t.true(one.reason instanceof RpcBusyError);
  }
});

test('More passwords than may wait for their hash are temporary failures, known user or not.', async (t) => {
  await using world = await embeddedWorld();
  const config = { passwords: { concurrency: 1, queue: 0 } };
  const slow = '$2b$10$abcdefghijklmnopqrstuuPp7HPfoAs8I2dCQCQ/fW7zEJv8I8C8e';
  await using auth = await startAuth(world, { config, users: `alice:${slow}\n` });
  const asked = ['alice', 'nobody', 'alice', 'nobody', 'alice', 'nobody'].map((login) =>
    auth.ask({ login, clear: 'x' }),
  );
  const answers = await Promise.all(asked);
  const told = answers.map(({ verdict, reason }) => `${verdict} ${reason}`);
  t.is(told.filter((one) => one === 'tempfail busy').length, 5);
});

test('An unknown user costs the hash that a known one does, of whatever scheme the users have.', async (t) => {
  await using world = await embeddedWorld();
  const bcrypt = '$2b$08$abcdefghijklmnopqrstuuPp7HPfoAs8I2dCQCQ/fW7zEJv8I8C8e';
  await using auth = await startAuth(world, {
    users: `alice:${bcrypt}\nbob:${bcrypt}\n`,
    config: { brute_force: { rules: [] } },
  });
  const timed = async (login: string) => {
    const began = performance.now();
    const { reason } = await auth.ask({ login, clear: 'x' });
    return { ms: performance.now() - began, reason };
  };
  const known: number[] = [];
  const unknown: number[] = [];
  await timed('alice');
  for (let i = 0; i < 21; i += 1) {
    const [a, b] = [await timed('alice'), await timed(`user-${i}`)];
    t.deepEqual([a.reason, b.reason], ['password', 'unknown-user']);
    known.push(a.ms);
    unknown.push(b.ms);
  }
  const cost = auth.hashed.map((work) => {
    const { kind, cost: rounds } = work as { kind: string; cost: number };
    return `${kind} ${rounds}`;
  });
  t.deepEqual([...new Set(cost)], ['bcrypt 8']);
  t.is(cost.length, 43, 'one hash each, known or not');
  const median = (all: number[]) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)] as number;
  const ratio = median(unknown) / median(known);
  t.true(ratio > 0.4 && ratio < 2.5, `unknown takes ${ratio} of what known takes`);
});
