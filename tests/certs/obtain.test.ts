import { X509Certificate } from 'node:crypto';
import { createPermission, leaseKey } from '@sallyport/certs';
import { certificateFailed, certificateIssued } from '@sallyport/contracts';
import {
  generatePrivateKey,
  parsePrivateKey,
  storedCertificates,
  storedRefusals,
} from '@sallyport/pki';
import { ManualClock } from '@sallyport/runtime';
import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import {
  openObtainWorld,
  problem,
  scriptedIssuer,
  twoViewsOfRedis,
  twoViewsOfSqlite,
} from './obtain-world.ts';
import { openTestRings } from './world.ts';

const test = testWith('redis-server');
const signal = new AbortController().signal;
const hello = { client: { address: '127.0.0.1' } };

for (const [kind, views] of [
  ['SQLite', twoViewsOfSqlite],
  ['Redis', twoViewsOfRedis],
] as const) {
  test(`${kind}: what is obtained is stored whole and sealed, with an event in the same commit`, async (t) => {
    await using world = await openObtainWorld(views);
    const issuer = await scriptedIssuer();
    const { obtain } = world.instance(0, { issuers: [issuer] });
    const outcome = await obtain('Shop.Test', hello, { signal });
    const [entry] = await world.space.get([storedCertificates.key('shop.test')]);
    const stored = storedCertificates.decode(entry);
    const leaf = new X509Certificate(stored?.chain ?? '');
    const fingerprint = leaf.fingerprint256.replaceAll(':', '').toLowerCase();
    t.deepEqual(outcome, { outcome: 'ready', fingerprint });
    t.like(stored, { fingerprint, issuer: 'scripted', notAfter: leaf.validToDate.getTime() });

    const sealed = Buffer.from(stored?.key ?? '', 'base64');
    const der = world.leafKeys.open(sealed, storedCertificates.aad('shop.test'));
    t.true(leaf.checkPrivateKey(parsePrivateKey(der).privateKey));
    const other = await openTestRings();
    const refused = { code: 'SP_ERR_PKI_UNSEAL' };
    t.throws(() => other.leafKeys.open(sealed, storedCertificates.aad('shop.test')), refused);
    t.throws(() => world.accounts.open(sealed, storedCertificates.aad('shop.test')), refused);
    t.throws(() => world.leafKeys.open(sealed, storedCertificates.aad('other.test')), refused);
    t.false(Buffer.from(entry?.value ?? []).includes(der.subarray(36, 66).toString('base64')));

    const [event, ...more] = await world.events();
    t.is(event?.type, certificateIssued.eventType);
    t.like(certificateIssued.parse(event?.data), { names: ['shop.test'], fingerprint });
    t.is(more.length, 0);
    t.deepEqual(await obtain('shop.test', hello, { signal }), outcome);
    t.deepEqual(issuer.asked, ['shop.test']);
  });

  test(`${kind}: fifty who ask two instances at once get one issuance`, async (t) => {
    await using world = await openObtainWorld(views);
    const issuer = await scriptedIssuer();
    const open = Promise.withResolvers<undefined>();
    issuer.next = () => open.promise;
    const instances = [
      world.instance(0, { issuers: [issuer] }),
      world.instance(1, { issuers: [issuer] }),
    ];
    const asking = Array.from({ length: 50 }, (_, i) =>
      instances[i % 2]?.obtain('many.test', hello, { signal }),
    );
    await until(() => issuer.asked.length > 0);
    open.resolve(undefined);
    const outcomes = new Set((await Promise.all(asking)).map((each) => JSON.stringify(each)));
    t.is(outcomes.size, 1);
    t.regex([...outcomes][0] as string, /ready/);
    t.deepEqual(issuer.asked, ['many.test']);
  });

  test(`${kind}: when the holder of the lease dies another instance takes over`, async (t) => {
    await using world = await openObtainWorld(views);
    const issuer = await scriptedIssuer();
    // The dead process: took the lease, will never renew or release it.
    const dead = await world.space.lease(leaseKey('dead.test'), 400);
    t.truthy(dead);
    const { obtain } = world.instance(1, { issuers: [issuer] });
    t.like(await obtain('dead.test', hello, { signal }), { outcome: 'ready' });
  });

  test(`${kind}: a holder that was paused past its lease writes nothing and tells what the other made`, async (t) => {
    await using world = await openObtainWorld(views);
    const [slow, quick] = [await scriptedIssuer('slow'), await scriptedIssuer('quick')];
    const wake = Promise.withResolvers<undefined>();
    slow.next = () => wake.promise;
    // Its clock stands still: it never renews.
    const clock = new ManualClock(Date.now());
    const paused = world.instance(0, { issuers: [slow], leaseMs: 300 }, { clock });
    const asked = paused.obtain('pause.test', hello, { signal });
    await until(() => slow.asked.length > 0);
    const other = await world
      .instance(1, { issuers: [quick] })
      .obtain('pause.test', hello, { signal });
    t.is(other.outcome, 'ready');
    wake.resolve(undefined);
    const late = until(async () => {
      await clock.advance(50);
      return Promise.race([asked, undefined]);
    });
    t.deepEqual(await late, other);
    const [entry] = await world.space.get([storedCertificates.key('pause.test')]);
    t.is(storedCertificates.decode(entry)?.issuer, 'quick');
    t.is((await world.events()).length, 1);
  });

  test(`${kind}: a failure is remembered for all instances, told once, and tried again when its time is over`, async (t) => {
    await using world = await openObtainWorld(views);
    const issuer = await scriptedIssuer();
    issuer.next = async () =>
      problem('rate-limited', true, { type: 'urn:ietf:params:acme:error:rateLimited' });
    const [a, b] = [
      world.instance(0, { issuers: [issuer] }),
      world.instance(1, { issuers: [issuer] }),
    ];
    t.like(await a.obtain('limit.test', hello, { signal }), {
      ...{ outcome: 'refused', reason: 'rate-limited' },
    });
    for (const { obtain } of [a, b]) {
      const again = await obtain('limit.test', hello, { signal });
      t.like(again, { outcome: 'refused', reason: 'failed-before' });
    }
    t.is(issuer.asked.length, 1);
    const [event, ...more] = await world.events();
    t.is(event?.type, certificateFailed.eventType);
    t.like(certificateFailed.parse(event?.data), {
      ...{ names: ['limit.test'], issuer: 'scripted', reason: 'rate-limited' },
      problem: 'urn:ietf:params:acme:error:rateLimited',
    });
    t.is(more.length, 0);

    // Its time being over is its record being gone: the store's clock does that.
    await world.space.commit({ delete: [storedRefusals.key('limit.test')] });
    issuer.next = undefined;
    t.like(await b.obtain('limit.test', hello, { signal }), { outcome: 'ready' });
  });
}

test('what another process finished between the look and the lease is not obtained again', async (t) => {
  await using world = await openObtainWorld(twoViewsOfSqlite);
  const [late, early] = [await scriptedIssuer('late'), await scriptedIssuer('early')];
  const other = world.instance(1, { issuers: [early] });
  const space = Object.assign(Object.create(world.space), {
    async lease(...args: Parameters<typeof world.space.lease>) {
      await other.obtain('race.test', hello, { signal });
      return await world.space.lease(...args);
    },
  });
  const { obtain } = world.instance(0, { issuers: [late] }, { space });
  t.like(await obtain('race.test', hello, { signal }), { outcome: 'ready' });
  t.deepEqual(early.asked, ['race.test']);
  t.deepEqual(late.asked, []);
});

test('back-off grows with failures in a row, is never less than Retry-After, and success ends it', async (t) => {
  await using world = await openObtainWorld(twoViewsOfSqlite);
  const issuer = await scriptedIssuer();
  const clock = new ManualClock(Date.now());
  const { obtain } = world.instance(0, { issuers: [issuer] }, { clock });
  const failing = async (more: object) => {
    issuer.next = async () => problem('challenge', false, more);
    await obtain('grow.test', hello, { signal });
    const [entry] = await world.space.get([storedRefusals.key('grow.test')]);
    await world.space.commit({ delete: [storedRefusals.key('grow.test')] });
    return ((storedRefusals.decode(entry)?.until as number) - clock.now()) / 60_000;
  };
  t.is(await failing({}), 1);
  t.is(await failing({}), 5);
  t.is(await failing({ retryAfterMs: 7_200_000 }), 120);
  t.is(await failing({}), 60);
  issuer.next = undefined;
  t.like(await obtain('grow.test', hello, { signal }), { outcome: 'ready' });
  await world.space.commit({ delete: [storedCertificates.key('grow.test')] });
  t.is(await failing({}), 1);
});

test('names that are not permitted, or none, never reach an issuer or the store', async (t) => {
  await using world = await openObtainWorld(twoViewsOfSqlite);
  const issuer = await scriptedIssuer();
  const space = new Proxy(world.space, {
    get: (_, what) => {
      throw new Error(`the store was asked for ${String(what)}`);
    },
  });
  const permissive = createPermission({ patterns: ['*.test'] });
  const nobody = world.instance(
    0,
    { issuers: [issuer] },
    { space, permission: createPermission() },
  );
  const some = world.instance(0, { issuers: [issuer] }, { space, permission: permissive });
  for (const name of ['a.test', 'shop.example.com', 'localhost']) {
    t.deepEqual(await nobody.obtain(name, hello, { signal }), {
      ...{ outcome: 'refused', reason: 'not-allowed' },
    });
  }
  for (const name of ['192.0.2.1', '::1', '*.test', 'a_b.test', 'a.test.', '', 'ä.test']) {
    t.deepEqual(await some.obtain(name, hello, { signal }), {
      ...{ outcome: 'refused', reason: 'bad-name' },
    });
  }
  t.deepEqual(issuer.asked, []);
});

test('a permission that fails is none, and its error is told', async (t) => {
  await using world = await openObtainWorld(twoViewsOfSqlite);
  const issuer = await scriptedIssuer();
  const broken = new Error('ask me later');
  const permission = { allows: () => Promise.reject(broken) };
  const { obtain } = world.instance(0, { issuers: [issuer] }, { permission });
  t.is(await t.throwsAsync(obtain('a.test', hello, { signal })), broken);
  t.deepEqual(issuer.asked, []);
});

test('the next issuer is asked where it may do better, and only there', async (t) => {
  await using world = await openObtainWorld(twoViewsOfSqlite);
  const [first, second] = [await scriptedIssuer('first'), await scriptedIssuer('second')];
  const { obtain } = world.instance(0, { issuers: [first, second] });
  first.next = async () => problem('unreachable', true);
  t.like(await obtain('better.test', hello, { signal }), { outcome: 'ready' });
  const [entry] = await world.space.get([storedCertificates.key('better.test')]);
  t.is(storedCertificates.decode(entry)?.issuer, 'second');

  first.next = async () => problem('challenge', false);
  t.like(await obtain('same.test', hello, { signal }), { reason: 'challenge' });
  t.deepEqual(second.asked, ['better.test']);
});

test('issuers that do not serve a name leave the problem of one that does', async (t) => {
  await using world = await openObtainWorld(twoViewsOfSqlite);
  const [first, second] = [await scriptedIssuer('first'), await scriptedIssuer('second')];
  const { obtain } = world.instance(0, { issuers: [first, second] });
  first.next = async () => problem('server', true);
  second.next = async () => problem('scope', true);
  t.like(await obtain('one.test', hello, { signal }), { reason: 'server' });
  first.next = second.next;
  t.like(await obtain('none.test', hello, { signal }), { reason: 'scope' });
});

test('an issuer that hangs is given up for the next', async (t) => {
  await using world = await openObtainWorld(twoViewsOfSqlite);
  const [first, second] = [await scriptedIssuer('first'), await scriptedIssuer('second')];
  first.next = (stop) =>
    new Promise((_, reject) => {
      stop.addEventListener('abort', () => reject(stop.reason));
    });
  const { obtain } = world.instance(0, { issuers: [first, second], issuerTimeoutMs: 100 });
  t.like(await obtain('hang.test', hello, { signal }), { outcome: 'ready' });
  t.deepEqual(second.asked, ['hang.test']);
});

test('a certificate for another key or name is refused', async (t) => {
  await using world = await openObtainWorld(twoViewsOfSqlite);
  const key = await generatePrivateKey('ec-p256');
  const wrongKey = await scriptedIssuer('wrong-key', { key });
  const wrongName = await scriptedIssuer('wrong-name');
  const { obtain } = world.instance(0, { issuers: [wrongKey] });
  t.like(await obtain('key.test', hello, { signal }), { reason: 'protocol' });
  const chain = await wrongName.issue(
    {
      names: ['other.test'],
      key,
      challenges: { publish: () => Promise.reject(new Error('none')) },
    },
    signal,
  );
  wrongName.next = async () => chain;
  const named = world.instance(0, { issuers: [wrongName] });
  t.like(await named.obtain('name.test', hello, { signal }), { reason: 'protocol' });
});

test('who has waited long enough is told pending while the issuance goes on behind it', async (t) => {
  await using world = await openObtainWorld(twoViewsOfSqlite);
  const issuer = await scriptedIssuer();
  const open = Promise.withResolvers<undefined>();
  issuer.next = () => open.promise;
  const { obtain } = world.instance(0, { issuers: [issuer] });
  const waiting = obtain('late.test', hello, { waitMs: 50, signal });
  t.deepEqual(await waiting, { outcome: 'pending' });
  open.resolve(undefined);
  t.like(await obtain('late.test', hello, { signal }), { outcome: 'ready' });
  t.is(issuer.asked.length, 1);
});

test('a client that goes away does not stop what others wait for', async (t) => {
  await using world = await openObtainWorld(twoViewsOfSqlite);
  const issuer = await scriptedIssuer();
  const open = Promise.withResolvers<undefined>();
  issuer.next = () => open.promise;
  const { obtain } = world.instance(0, { issuers: [issuer] });
  const leaving = new AbortController();
  const gone = obtain('gone.test', hello, { signal: leaving.signal });
  const staying = obtain('gone.test', hello, { signal });
  await until(() => issuer.asked.length > 0);
  const reason = new Error('client closed');
  leaving.abort(reason);
  t.is(await t.throwsAsync(gone), reason);
  open.resolve(undefined);
  t.like(await staying, { outcome: 'ready' });
});

test('an instance that stops gives its lease back, so that another goes on at once', async (t) => {
  await using world = await openObtainWorld(twoViewsOfSqlite);
  const [stuck, free] = [await scriptedIssuer('stuck'), await scriptedIssuer('free')];
  stuck.next = (stop) =>
    new Promise((_, reject) => {
      stop.addEventListener('abort', () => reject(stop.reason));
    });
  const first = world.instance(0, { issuers: [stuck], leaseMs: 600_000 });
  const asked = t.throwsAsync(first.obtain('stop.test', hello, { signal }));
  await until(() => stuck.asked.length > 0);
  await first[Symbol.asyncDispose]();
  t.is(((await asked) as { code?: string }).code, 'SP_ERR_STOPPED');
  const second = world.instance(1, { issuers: [free] });
  t.like(await second.obtain('stop.test', hello, { signal }), { outcome: 'ready' });
  t.deepEqual(world.faults, []);
});

test('the names under one registered name share a budget', async (t) => {
  await using world = await openObtainWorld(twoViewsOfSqlite);
  const issuer = await scriptedIssuer();
  const { obtain } = world.instance(0, { issuers: [issuer], perHour: 2 });
  for (const name of ['a.shop.example', 'b.shop.example']) {
    t.like(await obtain(name, hello, { signal }), { outcome: 'ready' });
  }
  const third = await obtain('c.shop.example', hello, { signal });
  t.like(third, { outcome: 'refused', reason: 'budget' });
  t.true(Date.parse((third as { retryAfter: string }).retryAfter) > Date.now());
  t.like(await obtain('other.test', hello, { signal }), { outcome: 'ready' });
  t.is(issuer.asked.length, 3);
});

test('a certificate that is about to end is obtained anew', async (t) => {
  await using world = await openObtainWorld(twoViewsOfSqlite);
  const issuer = await scriptedIssuer();
  const clock = new ManualClock(Date.now());
  const { obtain } = world.instance(0, { issuers: [issuer] }, { clock });
  await obtain('old.test', hello, { signal });
  await clock.advance(3_600_000 - 30_000);
  await obtain('old.test', hello, { signal });
  t.is(issuer.asked.length, 2);
});

test('a process obtains no more at a time than it may, and refuses names that would only wait', async (t) => {
  await using world = await openObtainWorld(twoViewsOfSqlite);
  const issuer = await scriptedIssuer();
  const open = Promise.withResolvers<undefined>();
  issuer.next = () => open.promise;
  const { obtain } = world.instance(0, { issuers: [issuer], parallel: 2, most: 4 });
  const names = ['a.test', 'b.test', 'c.test', 'd.test'];
  const asking = names.map((name) => obtain(name, hello, { signal }));
  await until(() => issuer.asked.length === 2);
  t.like(await obtain('e.test', hello, { signal }), { outcome: 'refused', reason: 'busy' });
  // Who asks for one of those that wait waits with it.
  t.deepEqual(await obtain('d.test', hello, { waitMs: 200, signal }), { outcome: 'pending' });
  t.is(issuer.asked.length, 2);
  open.resolve(undefined);
  for (const each of asking) t.like(await each, { outcome: 'ready' });
  t.like(await obtain('e.test', hello, { signal }), { outcome: 'ready' });
  t.deepEqual([...issuer.asked].sort(), [...names, 'e.test']);
});
