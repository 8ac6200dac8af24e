import {
  generatePrivateKey,
  openPrivateKey,
  privateKeyDer,
  type StoredKind,
  sealPrivateKey,
  storedAlpnChallenges,
  storedCertificates,
  storedHttpChallenges,
  storedRefusals,
} from '@sallyport/pki';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';
import { openRingPair } from './ring-pair.ts';

const certificate = {
  ...{ chain: 'PEM', key: 'c2VhbGVk', fingerprint: 'ab'.repeat(32) },
  ...{ notBefore: 1, notAfter: 2, issuer: 'internal' },
};

test('records are where and what format 1 says: JSON in the order of its fields', (t) => {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
  t.deepEqual(storedCertificates.key('a.test'), ['a.test', 'certificate']);
  t.is(storedCertificates.aad('a.test'), 'certificate/a.test');
  t.is(text(storedCertificates.encode(certificate)), JSON.stringify(certificate));
  t.deepEqual(storedRefusals.key('a.test'), ['a.test', 'refusal']);
  t.is(
    text(storedRefusals.encode({ reason: 'challenge', detail: 'no', until: 3 })),
    '{"reason":"challenge","detail":"no","until":3}',
  );
  t.deepEqual(storedHttpChallenges.key('a.test', 'tok'), ['a.test', 'http-01', 'tok']);
  t.is(text(storedHttpChallenges.encode({ answer: 'tok.thumb' })), '{"answer":"tok.thumb"}');
  t.deepEqual(storedAlpnChallenges.key('a.test'), ['a.test', 'tls-alpn-01']);
  t.is(storedAlpnChallenges.aad('a.test'), 'tls-alpn-01/a.test');
  t.is(
    text(storedAlpnChallenges.encode({ certificate: 'PEM', key: 'c2s=' })),
    '{"certificate":"PEM","key":"c2s="}',
  );
  for (const kind of [storedCertificates, storedRefusals, storedHttpChallenges]) {
    t.is(kind.format, 1);
    t.is((kind as StoredKind<object>).decode(undefined), undefined);
  }
});

test('a record that was written is read back, with what a newer version added', (t) => {
  const value = Buffer.from(JSON.stringify({ ...certificate, staple: 'later' }));
  t.like(storedCertificates.decode({ value, format: 1 }), certificate);
});

test('another format, or what no version wrote, is refused by name', (t) => {
  const value = storedCertificates.encode(certificate);
  const refused = { code: 'SP_ERR_PKI_STORED_RECORD' };
  t.throws(() => storedCertificates.decode({ value, format: 2 }), {
    ...refused,
    message: 'certificate has format 2, the only known is 1',
  });
  const missing = Buffer.from(JSON.stringify({ ...certificate, notAfter: '2' }));
  t.throws(() => storedCertificates.decode({ value: missing, format: 1 }), {
    ...refused,
    message: "certificate: field 'notAfter' must be a number",
  });
  for (const text of ['', '{', 'null', '[]', '1', '"text"', '{"answer":"a"', '\xff']) {
    const bytes = Buffer.from(text, 'latin1');
    for (const kind of [storedCertificates, storedRefusals, storedHttpChallenges]) {
      t.throws(() => kind.decode({ value: bytes, format: 1 }), refused, text);
    }
  }
});

test('whatever bytes there are, decoding gives a record or its own error', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), fc.json().map(Buffer.from)), (value) => {
      try {
        return typeof storedAlpnChallenges.decode({ value, format: 1 }).key === 'string';
      } catch (error) {
        return (error as { code?: string }).code === 'SP_ERR_PKI_STORED_RECORD';
      }
    }),
    runs(500),
  );
  t.pass();
});

test('a private key opens for its record only, also under a key of the ring made since', async (t) => {
  const { writer, reader, rotate, clock } = await openRingPair();
  const key = await generatePrivateKey('ec-p256');
  await rotate();
  const sealed = sealPrivateKey(writer, key, 'certificate/a.test');
  await clock.advance(2000);
  const opened = await openPrivateKey(reader, sealed, 'certificate/a.test');
  t.deepEqual(privateKeyDer(opened), privateKeyDer(key));
  await t.throwsAsync(openPrivateKey(reader, sealed, 'certificate/b.test'), {
    code: 'SP_ERR_PKI_UNSEAL',
  });
});
