import { X509Certificate } from 'node:crypto';
import { createInternalIssuer } from '@sallyport/certs';
import { createCertificateAuthority, generatePrivateKey } from '@sallyport/pki';
import { ManualClock } from '@sallyport/runtime';
import test from 'ava';

const HOUR = 3_600_000;
const signal = new AbortController().signal;
const challenges = {
  publish: () => Promise.reject(new Error('the internal CA needs no challenge')),
};

async function openAuthority(clock: ManualClock, forMs: number) {
  return await createCertificateAuthority({
    key: await generatePrivateKey('ec-p256'),
    commonName: 'Trial CA',
    notBefore: clock.now(),
    notAfter: clock.now() + forMs,
  });
}

test('the internal CA issues for private names without any challenge', async (t) => {
  const clock = new ManualClock();
  const authority = await openAuthority(clock, 1000 * HOUR);
  const issuer = createInternalIssuer({ authority, clock });
  const key = await generatePrivateKey('ec-p256');
  for (const name of ['shop.localhost', 'localhost', 'a.b.example', 'printer.home.arpa']) {
    const result = await issuer.issue({ names: [name], key, challenges }, signal);
    const leaf = new X509Certificate((result.issued && result.chain) || '');
    t.is(leaf.checkHost(name), name);
    t.true(leaf.verify(new X509Certificate(authority.certificate).publicKey));
    t.true(leaf.checkPrivateKey(key.privateKey));
  }
});

test('the internal CA leaves public names to others unless it is told to do any', async (t) => {
  const clock = new ManualClock();
  const authority = await openAuthority(clock, 1000 * HOUR);
  const key = await generatePrivateKey('ec-p256');
  const request = { names: ['shop.example.com'], key, challenges };
  const result = await createInternalIssuer({ authority, clock }).issue(request, signal);
  t.like(result, { issued: false, problem: { reason: 'scope', elsewhere: true } });
  const any = createInternalIssuer({ authority, clock }, { scope: 'any' });
  t.true((await any.issue(request, signal)).issued);
});

test('no certificate outlives its authority, and an authority that ended issues none', async (t) => {
  const clock = new ManualClock();
  const authority = await openAuthority(clock, 10 * HOUR);
  const issuer = createInternalIssuer({ authority, clock }, { validityMs: 24 * HOUR });
  const key = await generatePrivateKey('ec-p256');
  const request = { names: ['a.localhost'], key, challenges };
  const result = await issuer.issue(request, signal);
  const leaf = new X509Certificate((result.issued && result.chain) || '');
  const own = new X509Certificate(authority.certificate);
  t.is(leaf.validTo, own.validTo);
  t.is(leaf.validFrom, own.validFrom);
  await clock.advance(11 * HOUR);
  t.like(await issuer.issue(request, signal), { issued: false, problem: { reason: 'server' } });
});

test('certificates are valid from an hour ago, short-lived ones from a tenth of their time: most of it lies ahead', async (t) => {
  const clock = new ManualClock();
  await clock.advance(100 * HOUR);
  const authority = await openAuthority(new ManualClock(), 1000 * HOUR);
  const key = await generatePrivateKey('ec-p256');
  for (const [validityMs, backMs] of [
    [100 * HOUR, HOUR],
    [HOUR, HOUR / 10],
    [10_000, 1000],
  ] as const) {
    const issuer = createInternalIssuer({ authority, clock }, { validityMs });
    const result = await issuer.issue({ names: ['a.localhost'], key, challenges }, signal);
    const leaf = new X509Certificate((result.issued && result.chain) || '');
    t.is(clock.now() - leaf.validFromDate.getTime(), backMs);
    t.is(leaf.validToDate.getTime() - clock.now(), validityMs);
  }
});
