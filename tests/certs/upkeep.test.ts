import { certificateFailed, certificateIssued } from '@sallyport/contracts';
import { storedCertificates, storedRefusals } from '@sallyport/pki';
import { ManualClock } from '@sallyport/runtime';
import type { Space } from '@sallyport/store';
import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import { clusterGround, embeddedGround, openCertsWorld } from './certs-world.ts';

const test = testWith('redis-server', 'nats-server');
const HOUR = 3_600_000;
const allow = { patterns: ['*.localhost'] };
const hourly = [{ kind: 'internal', validity: '1h' }];

/** Ends before the log of changes is written, as a process does that dies between two commits, from `die` on. */
function mortal() {
  let dead = false;
  return {
    die: () => {
      dead = true;
    },
    between: (space: Space): Space =>
      Object.assign(Object.create(space), {
        async commit(...args: Parameters<Space['commit']>) {
          const key = args[0].put?.[0]?.key;
          if (dead && key?.[0] === '~changes') throw new Error('died');
          return await space.commit(...args);
        },
      }),
  };
}

const read = async (space: Space, name: string) => {
  const [entry] = await space.get([storedCertificates.key(name)]);
  return storedCertificates.decode(entry);
};

for (const [ground, open] of [
  ['embedded', embeddedGround],
  ['cluster', clusterGround],
] as const) {
  test.serial(
    `${ground}: a certificate two thirds through its life is renewed, once, by one of two instances`,
    async (t) => {
      await using world = await openCertsWorld(open);
      const issued: { renewal: boolean; names: string[] }[] = [];
      await using _ = await world.bus.events.subscribe(
        certificateIssued,
        { from: 'all' },
        ({ data }) => void issued.push(data),
      );
      const clock = new ManualClock(Date.now());
      const settings = { allow, issuers: hourly, renewal: { every: '1m' } };
      await world.start(settings, { clock });
      await world.start(settings, { clock });
      await world.obtain('renew.localhost');
      const first = await read(world.space, 'renew.localhost');
      const life = (first?.notAfter ?? 0) - (first?.notBefore ?? 0);
      const spent = () => (clock.now() - (first?.notBefore ?? 0)) / life;
      while (spent() < 0.6) await clock.advance(60_000);
      t.is((await read(world.space, 'renew.localhost'))?.fingerprint, first?.fingerprint);
      while (spent() < 0.667) await clock.advance(60_000);
      await clock.advance(60_000);
      const second = await until(async () => {
        await clock.advance(10);
        const now = await read(world.space, 'renew.localhost');
        return now?.fingerprint !== first?.fingerprint && now;
      }, 'it is renewed');
      t.true(second.notAfter > (first?.notAfter ?? 0) + life / 2);
      await until(() => issued.length > 1, 'the event arrives');
      t.deepEqual(
        issued.map(({ names, renewal }) => [...names, renewal]),
        [
          ['renew.localhost', false],
          ['renew.localhost', true],
        ],
      );
      await until(() => world.heard.length === 2);
      t.deepEqual(world.heard[1], { kind: 'certificate', name: 'renew.localhost' });
      // Nothing more is due.
      for (let minutes = 0; minutes < 5; minutes += 1) await clock.advance(60_000);
      t.is((await read(world.space, 'renew.localhost'))?.fingerprint, second.fingerprint);
      t.is(world.heard.length, 2);
    },
  );

  test.serial(
    `${ground}: what a process that died had stored but not told is listed at once, and told by another`,
    async (t) => {
      await using world = await openCertsWorld(open);
      const { die, between } = mortal();
      const dying = await world.start({ allow }, { between });
      await world.obtain('before.localhost');
      die();
      t.like(await world.obtain('crash.localhost'), { outcome: 'ready' });
      t.true(dying.lines.some((line) => line.includes('died')));
      t.deepEqual(
        (await world.list().catch(() => undefined))?.certificates.map(({ name }) => name),
        ['before.localhost', 'crash.localhost'],
      );
      await dying[Symbol.asyncDispose]();
      t.is(world.heard.length, 1);
      // Later than the lease: by then whoever had begun is done or dead.
      await world.start({ allow }, { clock: new ManualClock(Date.now() + 20_000) });
      await until(() => world.heard.length === 2, 'the other tells', 5000);
      t.deepEqual(world.heard[1], { kind: 'certificate', name: 'crash.localhost' });
      t.is((await world.list()).certificates.length, 2);
      const left = await world.space.range(['~changes', 'unsettled']);
      t.deepEqual(left, []);
      t.is((await world.space.range(['~changes', 'due'])).length, 2);
    },
  );
}

test('an issuance that was left before it had a certificate leaves no name in the list', async (t) => {
  await using world = await openCertsWorld(embeddedGround);
  await world.space.commit({
    index: [
      { index: ['~changes', 'names'], add: 'gone.localhost', score: 0 },
      { index: ['~changes', 'unsettled'], add: 'gone.localhost', score: Date.now() - HOUR },
    ],
  });
  await world.start({ allow });
  await until(async () => (await world.space.range(['~changes', 'names'])).length === 0);
  t.deepEqual(await world.list(), { certificates: [] });
  t.deepEqual(await world.space.range(['~changes', 'unsettled']), []);
});

test('what is being issued is left alone by those who put right what was left', async (t) => {
  await using world = await openCertsWorld(embeddedGround);
  await world.space.commit({
    index: [{ index: ['~changes', 'unsettled'], add: 'busy.localhost', score: Date.now() - HOUR }],
  });
  await using lease = await world.space.lease(['busy.localhost', 'obtain'], 60_000);
  t.truthy(lease);
  const clock = new ManualClock(Date.now());
  await world.start({ allow }, { clock });
  for (let minutes = 0; minutes < 3; minutes += 1) await clock.advance(60_000);
  t.is((await world.space.range(['~changes', 'unsettled'])).length, 1);
});

test('a name that is permitted no more is not renewed; when it is again, it is', async (t) => {
  await using world = await openCertsWorld(embeddedGround);
  const start = Date.now();
  const granting = await world.start({ allow, issuers: hourly }, { clock: new ManualClock(start) });
  await world.obtain('left.localhost');
  const first = await read(world.space, 'left.localhost');
  await granting[Symbol.asyncDispose]();
  // 56 minutes of 66 are spent.
  const clock = new ManualClock(start + 50 * 60_000);
  const denying = await world.start({ issuers: hourly, allow: { routes: false } }, { clock });
  await until(async () => {
    const [due] = await world.space.range(['~changes', 'due']);
    return (due?.score ?? 0) > clock.now();
  }, 'it is put off');
  t.is((await read(world.space, 'left.localhost'))?.fingerprint, first?.fingerprint);
  await denying[Symbol.asyncDispose]();
  await world.start({ issuers: hourly, allow }, { clock: new ManualClock(start + 55 * 60_000) });
  await until(
    async () => (await read(world.space, 'left.localhost'))?.fingerprint !== first?.fingerprint,
    'it is renewed',
  );
  t.pass();
});

test('a renewal that fails leaves the certificate, is told, and is tried again when its back-off is over', async (t) => {
  await using world = await openCertsWorld(embeddedGround);
  const failed: { renewal: boolean; reason: string }[] = [];
  await using _ = await world.bus.events.subscribe(
    certificateFailed,
    { from: 'all' },
    ({ data }) => void failed.push(data),
  );
  const start = Date.now();
  const first = await world.start({ allow, issuers: hourly }, { clock: new ManualClock(start) });
  await world.obtain('keep.localhost');
  const kept = await read(world.space, 'keep.localhost');
  await first[Symbol.asyncDispose]();
  // An issuer that doesn't do such names any more.
  const foreign = [{ kind: 'internal', validity: '1h', scope: 'public' }];
  const clock = new ManualClock(start + 50 * 60_000);
  const second = await world.start({ allow, issuers: foreign }, { clock });
  await until(() => failed.length > 0, 'the failure is told');
  t.like(failed[0], { renewal: true, reason: 'scope' });
  t.is((await read(world.space, 'keep.localhost'))?.fingerprint, kept?.fingerprint);
  t.like(await world.obtain('keep.localhost'), { outcome: 'ready' });
  const [refusal] = await world.space.get([storedRefusals.key('keep.localhost')]);
  const again = storedRefusals.decode(refusal)?.until;
  await until(async () => {
    const [due] = await world.space.range(['~changes', 'due']);
    return due?.score === again;
  });
  await clock.advance(30_000);
  t.is(failed.length, 1);
  await second[Symbol.asyncDispose]();
  await world.space.commit({ delete: [storedRefusals.key('keep.localhost')] });
  const later = new ManualClock((again ?? 0) + 1);
  await world.start({ allow, issuers: hourly }, { clock: later });
  await until(
    async () => (await read(world.space, 'keep.localhost'))?.fingerprint !== kept?.fingerprint,
    'it is renewed',
  );
  t.is((await world.space.get([storedRefusals.key('keep.localhost')]))[0], undefined);
});

test('one look takes no more names than it may', async (t) => {
  await using world = await openCertsWorld(embeddedGround);
  const start = Date.now();
  const settings = { allow: { patterns: ['*.many.localhost'] }, issuers: hourly };
  const names = Array.from({ length: 9 }, (_, i) => `many-${i}.many.localhost`);
  const making = await world.start(settings, { clock: new ManualClock(start) });
  await Promise.all(names.map((name) => world.obtain(name)));
  const before = (await world.list()).certificates;
  t.is(before.length, 9);
  await making[Symbol.asyncDispose]();
  const clock = new ManualClock(start + 50 * 60_000);
  const renewal = { batch: 4, parallel: 2, every: '1m' };
  await world.start({ ...settings, renewal }, { clock });
  const renewed = async () => {
    const now = (await world.list()).certificates;
    return now.filter(({ fingerprint }, i) => fingerprint !== before[i]?.fingerprint).length;
  };
  let looks = 1;
  let asked = 0;
  await until(async () => {
    const count = await renewed();
    t.true(count <= 4 * looks, `${count} after ${looks} looks`);
    asked += 1;
    if (asked % 20 === 0) {
      looks += 1;
      await clock.advance(60_000);
    }
    return count === 9;
  });
  t.true(looks >= 3);
});

test('a record that nobody can read does not keep the names behind it from being renewed', async (t) => {
  await using world = await openCertsWorld(embeddedGround);
  const start = Date.now();
  const first = await world.start({ allow, issuers: hourly }, { clock: new ManualClock(start) });
  await world.obtain('fine.localhost');
  const before = await read(world.space, 'fine.localhost');
  await first[Symbol.asyncDispose]();
  const key = storedCertificates.key('a.localhost');
  await world.space.commit({ put: [{ key, value: Buffer.from('{'), format: 1 }] });
  const due = { index: ['~changes', 'due'] as const, add: 'a.localhost', score: 0 };
  await world.space.commit({ index: [due] });
  const clock = new ManualClock(start + 50 * 60_000);
  const renewal = { batch: 1, every: '1m' };
  const second = await world.start({ allow, issuers: hourly, renewal }, { clock });
  await until(() => second.lines.some((line) => line.includes('SP_ERR_PKI_STORED_RECORD')));
  await until(async () => {
    await clock.advance(60_000);
    const now = await read(world.space, 'fine.localhost');
    return now?.fingerprint !== before?.fingerprint;
  });
  t.pass();
});

test('a certificate that another instance has just renewed is not renewed again', async (t) => {
  await using world = await openCertsWorld(embeddedGround);
  const first = await world.start({ allow, issuers: hourly });
  await world.obtain('fresh.localhost');
  const before = await read(world.space, 'fresh.localhost');
  await first[Symbol.asyncDispose]();
  const index = ['~changes', 'due'] as const;
  const [right] = await world.space.range(index);
  await world.space.commit({ index: [{ index, add: 'fresh.localhost', score: 0 }] });
  await world.start({ allow, issuers: hourly });
  await until(async () => (await world.space.range(index))[0]?.score !== 0, 'it is looked at');
  t.deepEqual(await world.space.range(index), [right as NonNullable<typeof right>]);
  t.is((await read(world.space, 'fresh.localhost'))?.fingerprint, before?.fingerprint);
});
