import { createPrivateKey, X509Certificate } from 'node:crypto';
import { storedCertificates, storedRefusals } from '@sallyport/pki';
import type { Key } from '@sallyport/store';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';
import { until } from '../world/until.ts';
import { beginChanges, openCertsSide, openEdgeCertificates } from './certificates-world.ts';
import { edgeWorld, ringsOf } from './plugins-world.ts';

const ID = /^[0-9a-f]{64}$/;
/** The machine may be busy: only tests about waiting wait for less. */
const PATIENT = { waitMs: 60_000, readMs: 20_000 };

async function open(settings: Parameters<typeof openEdgeCertificates>[1] = {}) {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await edgeWorld());
  const certs = stack.use(await openCertsSide(world));
  const edge = stack.use(await openEdgeCertificates(world, { ...PATIENT, ...settings }));
  const owned = stack.move();
  return { world, certs, edge, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** What most tests share; names keep them apart, so each takes its own. */
let kept: Awaited<ReturnType<typeof open>>;
test.before(async () => {
  kept = await open();
});
test.after.always(async () => {
  await kept?.[Symbol.asyncDispose]();
});

async function share(settings: Parameters<typeof openEdgeCertificates>[1] = {}) {
  const { world, certs } = kept;
  const edge = await openEdgeCertificates(world, { ...PATIENT, ...settings });
  return { world, certs, edge, [Symbol.asyncDispose]: () => edge[Symbol.asyncDispose]() };
}

test('a stored certificate is found with one read, its key fits, and the next handshake reads nothing', async (t) => {
  await using world = await share();
  const { certs, edge } = world;
  const signal = new AbortController().signal;
  const reads: string[] = [];
  // A machine so busy that a heartbeat is missed makes the edge read again, as it should; not five times in a row.
  for (let n = 1; n <= 5 && reads.at(-1) !== '1, then 0'; n += 1) {
    const name = `a${n}.test`;
    const id = await certs.certify(name);
    const before = edge.trips.store;
    const found = await edge.certificates.source.find(name, {} as never, signal);
    if ('refused' in found) return t.fail(found.refused);
    t.is(found.id, id);
    const [pair] = found.pairs;
    const leaf = new X509Certificate(pair?.chain as string);
    t.true(leaf.checkPrivateKey(createPrivateKey(pair?.key as string)));
    const first = edge.trips.store;
    for (let i = 0; i < 20; i += 1) t.is(await edge.find(name), id);
    reads.push(`${first - before}, then ${edge.trips.store - first}`);
  }
  t.is(reads.at(-1), '1, then 0', reads.join('; '));
  t.deepEqual(certs.questions, []);
});

test('a new name is obtained once for all who wait for it, and certs is told who asks and how long there is', async (t) => {
  await using world = await open({ waitMs: 8000 });
  const { certs, edge } = world;
  await using _ = await certs.answer(async ({ name }) => ({
    ...{ outcome: 'ready', fingerprint: await certs.certify(name) },
  }));
  const found = await Promise.all(Array.from({ length: 50 }, () => edge.find('new.test')));
  t.is(new Set(found).size, 1);
  t.regex(found[0] as string, ID);
  t.is(certs.questions.length, 1);
  const [{ waitMs = 0, ...question }] = certs.questions as [(typeof certs.questions)[number]];
  t.deepEqual(question, { name: 'new.test', client: { address: '192.0.2.7', port: 40_000 } });
  t.true(waitMs > 1000 && waitMs < 9000, `${waitMs}`);
});

test('a name that is refused is refused with the reason, without asking again until something is heard of it', async (t) => {
  await using world = await open({ refusalMs: 60_000 });
  const { certs, edge } = world;
  await beginChanges(certs, edge);
  await using _ = await certs.answer(() => ({ outcome: 'refused', reason: 'not-allowed' }));
  for (let i = 0; i < 5; i += 1) t.is(await edge.find('no.test'), 'not-allowed');
  t.is(certs.questions.length, 1);
  const id = await certs.certify('no.test');
  t.is(await edge.find('no.test'), 'not-allowed');
  await certs.change({ kind: 'certificate', name: 'no.test' });
  await until(async () => (await edge.find('no.test')) === id, 'the change is heard');
});

test('a refusal in the store is enough, and one beside a certificate is about its renewal', async (t) => {
  await using world = await open();
  const { certs, edge } = world;
  await certs.refuse('failed.test', 'challenge');
  t.is(await edge.find('failed.test'), 'challenge');
  const id = await certs.certify('both.test');
  await certs.refuse('both.test', 'challenge');
  t.is(await edge.find('both.test'), id);
  await certs.refuse('odd.test', 'No Word!');
  t.is(await edge.find('odd.test'), 'refused');
  t.deepEqual(certs.questions, []);
});

test('a certificate that isn’t ready in time is refused, and who came later goes on waiting', async (t) => {
  await using world = await open();
  const { certs, edge } = world;
  const asked = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  await using _ = await certs.answer(async ({ name }) => {
    if (certs.questions.length > 1) {
      return { outcome: 'ready', fingerprint: await certs.certify(name) };
    }
    asked.resolve();
    await go.promise;
    return { outcome: 'pending' };
  });
  const first = edge.find('slow.test');
  await asked.promise;
  const second = edge.find('slow.test');
  go.resolve();
  t.is(await first, 'certificate-pending');
  t.regex(await second, ID);
});

test('certs that comes back in time is asked; one that stays away means a refusal when the time is over', async (t) => {
  await using world = await open({ waitMs: 1000, retryMs: 20 });
  const { certs, edge } = world;
  const began = performance.now();
  t.is(await edge.find('away.test'), 'certificate-unavailable');
  t.true(performance.now() - began > 700);
  await using patient = await openEdgeCertificates(world.world, { ...PATIENT, retryMs: 20 });
  const waiting = patient.find('away.test');
  await until(() => patient.trips.store > 2);
  await using _ = await certs.answer(async ({ name }) => ({
    ...{ outcome: 'ready', fingerprint: await certs.certify(name) },
  }));
  t.regex(await waiting, ID);
});

test('the certificate that replaces another is served as soon as that is heard', async (t) => {
  await using world = await share();
  const { certs, edge } = world;
  await beginChanges(certs, edge);
  const old = await certs.certify('a2.test');
  t.is(await edge.find('a2.test'), old);
  const id = await certs.certify('a2.test');
  t.is(await edge.find('a2.test'), old);
  await certs.change({ kind: 'certificate', name: 'a2.test' });
  await until(async () => (await edge.find('a2.test')) === id);
});

test('while the store is away the known certificate serves, also when there is a newer one, but not one that was taken away', async (t) => {
  await using world = await open({ waitMs: 300, retryMs: 20 });
  const { certs, edge } = world;
  const old = await certs.certify('a.test');
  const kept = await certs.certify('b.test');
  t.is(await edge.find('a.test'), old);
  t.is(await edge.find('b.test'), kept);
  const id = await certs.certify('a.test');
  await beginChanges(certs, edge);
  t.is(await edge.find('a.test'), id);
  const newer = await certs.certify('a.test');
  edge.trips.storeAway = true;
  await certs.change({ kind: 'certificate', name: 'a.test' });
  await certs.change({ kind: 'certificate', name: 'b.test', removed: true });
  await until(async () => (await edge.find('b.test')) === 'certificate-unavailable');
  for (let i = 0; i < 5; i += 1) t.is(await edge.find('a.test'), id);
  t.is(await edge.find('new.test'), 'certificate-unavailable');
  edge.trips.storeAway = false;
  await until(async () => (await edge.find('a.test')) === newer);
});

test('a certificate serves until it ends and no longer, and is looked for again before', async (t) => {
  await using world = await open({ waitMs: 300, retryMs: 20, expiryMarginMs: 60_000 });
  const {
    certs,
    edge,
    world: { clock },
  } = world;
  const old = await certs.certify('a.test', 600_000);
  t.is(await edge.find('a.test'), old);
  clock.advance(570_000);
  const id = await certs.certify('a.test');
  t.is(await edge.find('a.test'), old);
  await until(async () => (await edge.find('a.test')) === id, 'it was looked for again');
  const ending = await certs.certify('b.test', 600_000);
  t.is(await edge.find('b.test'), ending);
  edge.trips.storeAway = true;
  clock.advance(599_000);
  t.is(await edge.find('b.test'), ending);
  clock.advance(2000);
  t.is(await edge.find('b.test'), 'certificate-unavailable');
});

test('a certificate that was taken out of the store isn’t served once that is known', async (t) => {
  await using world = await share();
  const { certs, edge } = world;
  const id = await certs.certify('a3.test');
  t.is(await edge.find('a3.test'), id);
  await certs.remove(storedCertificates.key('a3.test') as Key);
  await certs.refuse('a3.test', 'revoked');
  await certs.change({ kind: 'refusal', name: 'a3.test' });
  await until(async () => (await edge.find('a3.test')) === 'revoked');
});

test('private keys under a key of the ring made since are opened', async (t) => {
  await using world = await share();
  const { certs, edge } = world;
  await ringsOf(world.world, 'certs').rotate('leaf-keys');
  await certs.ring.reload();
  const id = await certs.certify('a4.test');
  t.is(await edge.find('a4.test'), id);
});

test('a record that can’t be read is told, and its name refused when the time is over', async (t) => {
  await using world = await share({ waitMs: 300, retryMs: 20 });
  const { certs, edge } = world;
  const broken = { key: 'bm90IHNlYWxlZA==', chain: 'x', fingerprint: 'x', issuer: 'x' };
  const times = { notBefore: 0, notAfter: world.world.clock.now() + 60_000 };
  await certs.put(storedCertificates, storedCertificates.key('a5.test') as Key, {
    ...broken,
    ...times,
  });
  t.is(await edge.find('a5.test'), 'certificate-unavailable');
  t.true(edge.lines.some((line) => line.includes('SP_ERR_PKI_UNSEAL')));
  await certs.put(storedRefusals, storedCertificates.key('b5.test') as Key, {
    reason: 'x',
    detail: '',
    until: 1,
  });
  t.is(await edge.find('b5.test'), 'certificate-unavailable');
});

test('who sends no name gets no certificate', async (t) => {
  await using world = await share();
  t.is(await world.edge.find(undefined), 'no-server-name');
  t.is(world.edge.trips.store, 0);
});

test('memory is bounded', async (t) => {
  await using world = await share({ capacity: 2 });
  const { certs, edge } = world;
  for (const name of ['a7.test', 'b7.test', 'c7.test']) {
    const id = await certs.certify(name);
    t.is(await edge.find(name), id);
  }
  t.is(edge.certificates.size, 2);
});

test('challenges are answered a moment after they were published, though they were asked for before', async (t) => {
  await using world = await share();
  const { certs, edge } = world;
  const { challenges, httpChallenges } = edge.certificates;
  const signal = new AbortController().signal;
  t.is(await challenges.find('a8.test', signal), undefined);
  t.is(await httpChallenges.answer('a8.test', 'tok_-1'), undefined);
  const flood = Array.from({ length: 50 }, () => [
    challenges.find('a8.test', signal),
    httpChallenges.answer('a8.test', 'tok_-1'),
  ]);
  const id = await certs.publishAlpn('a8.test');
  await certs.publishHttp('a8.test', 'tok_-1', 'tok_-1.thumb');
  const found = await challenges.find('a8.test', signal);
  t.is(found?.id, id);
  const leaf = new X509Certificate(found?.pairs[0]?.chain as string);
  t.true(leaf.checkPrivateKey(createPrivateKey(found?.pairs[0]?.key as string)));
  t.is(await httpChallenges.answer('a8.test', 'tok_-1'), 'tok_-1.thumb');
  t.is(await httpChallenges.answer('b8.test', 'tok_-1'), undefined);
  t.is(await httpChallenges.answer('a8.test', 'tok_-2'), undefined);
  await Promise.all(flood.flat());
});

test('who asks for a challenge while an older question is on its way gets an answer of their own', async (t) => {
  await using world = await share();
  const { certs, edge } = world;
  const hold = Promise.withResolvers<void>();
  edge.trips.hold = hold.promise;
  const early = edge.certificates.httpChallenges.answer('a9.test', 'tok');
  await until(() => edge.trips.store === 1);
  await certs.change({ kind: 'challenge', name: 'a9.test' });
  edge.trips.hold = undefined;
  await certs.publishHttp('a9.test', 'tok', 'answer');
  const joined = edge.certificates.httpChallenges.answer('a9.test', 'tok');
  hold.resolve();
  t.is(await early, undefined);
  t.is(await joined, 'answer');
});

test('whatever a request to port 80 has for host and token, it is answered, with nothing', async (t) => {
  await using world = await share();
  const { httpChallenges } = world.edge.certificates;
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constantFrom('a10.test', '..', '~changes', 'head'),
  );
  await fc.assert(
    fc.asyncProperty(
      text,
      text,
      async (host, token) => (await httpChallenges.answer(host, token)) === undefined,
    ),
    runs(300, 10_000),
  );
  t.pass();
});

test('challenges reject while the store is away: nobody takes that for "there is none"', async (t) => {
  await using world = await share();
  world.edge.trips.storeAway = true;
  const gone = { code: 'SP_ERR_STORE_UNAVAILABLE' };
  await t.throwsAsync(world.edge.certificates.httpChallenges.answer('a11.test', 'tok'), gone);
  await t.throwsAsync(
    world.edge.certificates.challenges.find('a11.test', new AbortController().signal),
    gone,
  );
});
