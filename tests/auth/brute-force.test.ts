import { followFeed } from '@sallyport/bus';
import { bans } from '@sallyport/contracts';
import { systemClock } from '@sallyport/runtime';
import test from 'ava';
import { until } from '../world/until.ts';
import { embeddedWorld, RIGHT, rule, startAuth } from './auth-world.ts';

const HERE = '192.0.2.7';
const NEIGHBOUR = '192.0.2.200';
const ELSEWHERE = '198.51.100.9';

test('Hundreds of wrong logins from one network end in a ban of that network, and of no other.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world, { config: rule(50) });
  for (let wave = 0; wave < 3; wave += 1) {
    const guesses = Array.from({ length: 100 }, (_, i) =>
      auth.login(`user-${i % 40}`, `guess ${i}`, HERE),
    );
    for (const { status } of await Promise.all(guesses)) t.is(status, 403);
  }
  const decided = await until(() => auth.decided.length >= 300 && auth.decided);
  const refused = decided.filter(({ reason }) => reason === 'brute-force').length;
  const tried = decided.filter(({ reason }) => reason === 'unknown-user').length;
  t.is(refused + tried, 300);
  t.true(tried >= 50 && tried <= 150, `${tried} were looked at`);
  t.is((await auth.login('alice', RIGHT.alice, HERE)).status, 403, 'the right password too');
  t.is((await auth.login('alice', RIGHT.alice, NEIGHBOUR)).status, 403, 'the whole network');
  t.is((await auth.login('alice', RIGHT.alice, ELSEWHERE)).status, 200);
});

test('So many passwords as the limit says are tried, one after the other, and the next isn’t looked at.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world, { config: rule(5) });
  for (let i = 0; i < 5; i += 1) {
    const { status, headers } = await auth.login('alice', `guess ${i}`);
    t.is(status, 403);
    const event = await auth.event(headers.get('x-nauthilus-session'));
    t.is(event.reason, 'password');
    t.is(event.account, 'alice');
  }
  t.is(auth.hashed.length, 5);
  const { status, headers, text } = await auth.login('alice', RIGHT.alice);
  t.is(status, 403);
  t.is(text, 'Invalid login or password', 'nothing tells that the network is banned');
  t.is(auth.hashed.length, 5, 'no hash is computed for a banned network');
  const event = await auth.event(headers.get('x-nauthilus-session'));
  t.is(event.reason, 'brute-force');
  t.deepEqual(
    event.stages.map(({ stage, name, outcome }) => [stage, name, outcome]),
    [['brute-force', 'network/net', 'reject']],
  );
});

test('Right passwords, empty ones and refused cleartext count nothing.', async (t) => {
  await using world = await embeddedWorld();
  const config = { ...rule(3), features: { tls_encryption: { enabled: true } } };
  await using auth = await startAuth(world, { config });
  const tls = { protocol: 'TLSv1.3' };
  for (let i = 0; i < 4; i += 1) {
    t.is((await auth.ask({ clear: RIGHT.alice, tls })).verdict, 'accept');
    t.like(await auth.ask({ tls }), { verdict: 'reject', reason: 'no-password' });
    t.like(await auth.ask({ clear: '', tls }), { verdict: 'reject', reason: 'no-password' });
    t.like(await auth.ask({ login: '', clear: 'x', tls }), { reason: 'no-login' });
    t.like(await auth.ask({ clear: 'wrong' }), { verdict: 'tempfail', reason: 'tls-encryption' });
  }
  t.is((await auth.ask({ clear: RIGHT.alice, tls })).verdict, 'accept');
});

test('A ban ends after its time, and the network may log in again.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world, { config: rule(3) });
  for (let i = 0; i < 3; i += 1) await auth.ask({ clear: `guess ${i}` });
  const refused = await auth.ask({ clear: RIGHT.alice });
  t.like(refused, { verdict: 'reject', reason: 'brute-force' });
  t.true((refused.retryAfterMs ?? 0) > 9 * 60_000 && (refused.retryAfterMs ?? 0) <= 600_000);
  world.clock.advance(9.5 * 60_000);
  t.is((await auth.ask({ clear: RIGHT.alice })).reason, 'brute-force');
  world.clock.advance(60_000);
  t.is((await auth.ask({ clear: RIGHT.alice })).verdict, 'accept');
});

test('Wrong logins slide out of the window: a slow guesser is never banned.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world, { config: rule(3) });
  for (let i = 0; i < 8; i += 1) {
    t.is((await auth.ask({ clear: `guess ${i}` })).reason, 'password');
    world.clock.advance(50_000);
  }
});

test('A full bucket without a ban refuses too, and bans: its counter died before it could.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world, { config: rule(3) });
  const key = ['failures 192.0.2.0/24', 'net'] as const;
  await world.store.space('auth').hit([{ key, periodMs: 60_000, limit: 100, cost: 3 }]);
  t.is((await auth.ask({ clear: RIGHT.alice })).reason, 'brute-force');
  t.is(auth.hashed.length, 0);
  world.clock.advance(130_000);
  t.is(
    (await auth.ask({ clear: RIGHT.alice })).reason,
    'brute-force',
    'the ban outlasts the window',
  );
});

test('A ban survives a restart, and instances that are there learn of it and need no store to know.', async (t) => {
  await using world = await embeddedWorld();
  await using second = await startAuth(world, { config: rule(3) });
  {
    await using first = await startAuth(world, { config: rule(3) });
    for (let i = 0; i < 3; i += 1) await first.login('alice', `guess ${i}`);
  }
  // The one that stayed hears of it on the feed: it refuses without asking the store.
  await until(
    async () => {
      const { hits } = second.outages;
      t.is((await second.login('alice', RIGHT.alice)).status, 403);
      return second.outages.hits === hits;
    },
    'the other instance knows of the ban',
    5000,
  );
  second.outages.store = true;
  const { headers } = await second.login('alice', RIGHT.alice);
  t.is((await second.event(headers.get('x-nauthilus-session'))).reason, 'brute-force');
  t.like(await second.ask({ clear: RIGHT.alice, client: { address: ELSEWHERE } }), {
    verdict: 'tempfail',
    reason: 'brute-force-failed',
  });
  second.outages.store = false;
  await second[Symbol.asyncDispose]();
  await using third = await startAuth(world, { config: rule(3) });
  t.is((await third.ask({ clear: RIGHT.alice })).reason, 'brute-force');
  t.is((await third.ask({ clear: RIGHT.alice, client: { address: ELSEWHERE } })).verdict, 'accept');
});

test('The feed of bans has network, rule and end of each ban, for whoever follows it.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world, { config: rule(2) });
  const seen: unknown[] = [];
  await using reader = await followFeed({
    ...{ feed: bans, feeds: (await world.connect('edge')).feeds, clock: systemClock },
    source: {
      head: async () => ({ epoch: 'unbegun', version: 0 }),
      snapshot: async () => ({ epoch: 'unbegun', version: 0, value: undefined }),
      since: async () => [],
    },
    reset: () => {},
    apply: () => {},
    onError: () => {},
  });
  await reader.ready();
  await using _ = await (await world.connect('edge')).feeds.listen(bans, (message) => {
    const { delta } = JSON.parse(Buffer.from(message).toString());
    if (delta !== undefined) seen.push(delta);
  });
  for (const address of ['192.0.2.1', '2001:db8:1::1']) {
    const client = { address };
    for (let i = 0; i < 2; i += 1) await auth.ask({ clear: `guess ${i}`, client });
  }
  await until(() => seen.length === 2);
  t.like(seen[0], { network: '192.0.2.0/24', rule: 'net' });
  t.like(seen[1], { network: '2001:db8:1::/48', rule: 'net' });
  const { until: end } = seen[0] as { until: string };
  t.true(Math.abs(Date.parse(end) - world.clock.now() - 600_000) < 60_000);
});

test('One network has one bucket, however its addresses are written.', async (t) => {
  const same = [
    ['192.0.2.7', '192.0.2.0', '192.0.2.255', '::ffff:192.0.2.9', '::ffff:c000:0203'],
    ['2001:db8::1', '2001:DB8:0:ffff::', '2001:0db8:0000::192.0.2.1', '2001:db8::2%eth0'],
    ['::1', '0:0:0:0:0:0:0:2', '::'],
  ];
  await using world = await embeddedWorld();
  for (const addresses of same) {
    await using auth = await startAuth(world, { config: rule(addresses.length) });
    for (const address of addresses) {
      t.is((await auth.ask({ clear: 'guess', client: { address } })).reason, 'password', address);
    }
    for (const address of addresses) {
      t.is(
        (await auth.ask({ clear: 'guess', client: { address } })).reason,
        'brute-force',
        address,
      );
    }
  }
  await using auth = await startAuth(world, { config: rule(1) });
  for (const address of ['192.0.3.0', '192.0.1.255', '2001:db8:1::', '0:0:1::']) {
    t.is((await auth.ask({ clear: RIGHT.alice, client: { address } })).verdict, 'accept', address);
  }
});

test('Exempt networks are neither counted nor banned.', async (t) => {
  await using world = await embeddedWorld();
  const config = rule(2, { exempt: ['192.0.2.0/28', '2001:db8::/32', '203.0.113.5'] });
  await using auth = await startAuth(world, { config });
  for (const address of ['192.0.2.15', '2001:db8:9::9', '203.0.113.5']) {
    const client = { address };
    for (let i = 0; i < 4; i += 1) {
      t.is((await auth.ask({ clear: `guess ${i}`, client })).reason, 'password');
    }
  }
  for (const address of ['192.0.2.16', '203.0.113.6']) {
    const client = { address };
    for (let i = 0; i < 2; i += 1) await auth.ask({ clear: `guess ${i}`, client });
    t.is((await auth.ask({ clear: 'guess', client })).reason, 'brute-force', address);
  }
});

test('Many networks banned at once by two instances are all banned, and each is on the feed once.', async (t) => {
  await using world = await embeddedWorld();
  await using a = await startAuth(world, { config: rule(1) });
  await using b = await startAuth(world, { config: rule(1) });
  const deltas: string[] = [];
  await using _ = await (await world.connect('edge')).feeds.listen(bans, (message) => {
    const { delta } = JSON.parse(Buffer.from(message).toString());
    if (delta !== undefined) deltas.push(delta.network);
  });
  const networks = Array.from({ length: 12 }, (_, i) => `198.51.${i}.1`);
  await Promise.all(
    networks.flatMap((ip) => [a.login('alice', 'guess', ip), b.login('alice', 'guess', ip)]),
  );
  await Promise.all(
    networks.map(async (ip) => t.is((await a.login('alice', RIGHT.alice, ip)).status, 403)),
  );
  await until(() => deltas.length >= 12);
  t.is(new Set(deltas).size, deltas.length);
  t.is(deltas.length, 12);
});

test('Rules of several lengths count side by side, and the answer names the one that was full.', async (t) => {
  await using world = await embeddedWorld();
  const config = {
    brute_force: {
      rules: [
        { name: 'address', ipv4: 32, limit: 2, period: '1m', ban_time: '5m' },
        { name: 'net', ipv4: 24, limit: 5, period: '1m', ban_time: '5m' },
      ],
    },
  };
  await using auth = await startAuth(world, { config });
  const guess = async (address: string) => {
    const { decision, reason } = await auth.ask({ clear: 'guess', client: { address } });
    const { stages } = await auth.event(decision);
    return `${reason} ${stages[0]?.name}`;
  };
  t.is(await guess('192.0.2.1'), 'password network');
  t.is(await guess('192.0.2.1'), 'password network');
  t.is(await guess('192.0.2.1'), 'brute-force network/address');
  for (const last of [2, 3, 4]) t.is(await guess(`192.0.2.${last}`), 'password network');
  t.is(await guess('192.0.2.5'), 'brute-force network/net');
  t.is(await guess('2001:db8::1'), 'password network', 'no rule is for IPv6');
  t.is(await guess('2001:db8::1'), 'password network');
  t.is(await guess('2001:db8::1'), 'password network');
});
