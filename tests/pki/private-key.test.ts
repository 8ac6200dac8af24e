import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  generatePrivateKey,
  KeyFormatError,
  type KeyKind,
  parsePrivateKey,
  privateKeyDer,
  privateKeyPem,
} from '@sallyport/pki';
import test from 'ava';
import fc from 'fast-check';
import { deep, runs } from '../world/deep.ts';

const refused = { instanceOf: KeyFormatError };
const kinds: KeyKind[] = ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072'];
if (deep) kinds.push('rsa-4096');

for (const kind of kinds) {
  test(`a key of kind ${kind} goes into PEM and DER and comes back`, async (t) => {
    const key = await generatePrivateKey(kind);
    t.is(key.kind, kind);
    t.regex(privateKeyPem(key), /^-----BEGIN PRIVATE KEY-----\n/);
    for (const form of [
      privateKeyPem(key),
      privateKeyDer(key),
      new Uint8Array(privateKeyDer(key)),
    ]) {
      const read = parsePrivateKey(form);
      t.is(read.kind, kind);
      t.true(read.privateKey.equals(key.privateKey));
      t.true(read.publicKey.equals(key.publicKey));
    }
  });
}

test('keys in the older forms SEC 1 and PKCS#1 are read, as PEM and as DER', (t) => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const forms: [KeyObject, 'sec1' | 'pkcs1'][] = [
    [ec, 'sec1'],
    [rsa, 'pkcs1'],
  ];
  for (const [key, type] of forms) {
    for (const form of [key.export({ format: 'pem', type }), key.export({ format: 'der', type })]) {
      t.true(parsePrivateKey(form).privateKey.equals(key), `${type} ${typeof form}`);
    }
  }
});

// Serial: other tests make keys synchronously, which would hold the loop.
test.serial('making an RSA key leaves the event loop free', async (t) => {
  let turns = 0;
  let done = false;
  const keys = Promise.all([generatePrivateKey('rsa-3072'), generatePrivateKey('rsa-3072')]);
  const count = () => {
    turns += 1;
    if (!done) setImmediate(count);
  };
  count();
  await keys;
  done = true;
  t.true(turns > 20, `${turns} turns of the loop`);
});

test('keys of kinds and sizes that we don’t take are refused by their name', (t) => {
  for (const [key, name] of [
    [generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey, /secp521r1/],
    [generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey, /secp256k1/],
    [generateKeyPairSync('ed25519').privateKey, /ed25519/],
    [generateKeyPairSync('x25519').privateKey, /x25519/],
    [generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey, /rsa 1024/],
    [generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey, /rsa-pss/],
  ] as const) {
    const error = t.throws(
      () => parsePrivateKey(key.export({ format: 'pem', type: 'pkcs8' }) as string),
      refused,
    );
    t.regex(error.message, name);
  }
});

test('an encrypted key is refused for that reason', (t) => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  for (const type of ['pkcs8', 'pkcs1'] as const) {
    const pem = privateKey.export({ format: 'pem', type, cipher: 'aes-256-cbc', passphrase: 'x' });
    t.throws(() => parsePrivateKey(pem as string), { ...refused, message: /encrypted/ });
  }
});

test('what is no key is refused with a KeyFormatError and nothing else', async (t) => {
  const der = privateKeyDer(await generatePrivateKey('ec-p256'));
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  t.throws(
    () => parsePrivateKey(publicKey.export({ format: 'pem', type: 'spki' }) as string),
    refused,
  );
  const spoilt = fc
    .tuple(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }))
    .map(([at, mask]) => {
      const bytes = Buffer.from(der);
      bytes[at] = (bytes[at] as number) ^ mask;
      return bytes;
    });
  const cut = fc.nat(der.length - 1).map((length) => der.subarray(0, length));
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.uint8Array(), spoilt, cut), (input) => {
      try {
        parsePrivateKey(input);
      } catch (error) {
        t.true(error instanceof KeyFormatError, String(error));
      }
    }),
    runs(300, 10_000),
  );
});

test('a key isn’t made for somebody who gave up', async (t) => {
  await t.throwsAsync(generatePrivateKey('ec-p256', AbortSignal.abort(new Error('late'))), {
    message: 'late',
  });
});
