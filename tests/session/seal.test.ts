import { createCipheriv, createHmac } from 'node:crypto';
import { createKeyRings, parseMasterKey } from '@sallyport/pki';
import { ManualClock } from '@sallyport/runtime';
import {
  newSid,
  open,
  type SealContext,
  SessionArgumentError,
  type SessionKeys,
  seal,
  subjectTags,
} from '@sallyport/session';
import test from 'ava';
import fc from 'fast-check';
import { memoryRings } from '../pki/memory-rings.ts';
import { runs } from '../world/deep.ts';
import { testKeys } from './keys.ts';

const KEYS = testKeys([1, 2]);
const CONTEXT: SealContext = {
  ...{ audience: 'shop', name: 'session', storage: 'cookie', remember: false },
};
const [TAG] = subjectTags(KEYS, 'shop', 'alice');
const PAYLOAD = Buffer.from('32 bytes of secret and a record.');

test('What was sealed opens in its context, with the tag and payload it was given.', (t) => {
  const context = fc.record({
    audience: fc.string(),
    name: fc.string(),
    storage: fc.constantFrom('server' as const, 'cookie' as const),
    remember: fc.boolean(),
  });
  fc.assert(
    fc.property(context, fc.uint8Array({ minLength: 1, maxLength: 3000 }), (where, payload) => {
      const text = seal(KEYS, where, TAG, payload);
      const opened = open(KEYS, where, text);
      return (
        opened.outcome === 'opened' &&
        opened.payload.equals(payload) &&
        opened.tag === TAG &&
        opened.kid === 2 &&
        !opened.stale
      );
    }),
    runs(300),
  );
  t.pass();
});

test('Every change of a single byte is refused, whichever bits of it change.', (t) => {
  const bytes = Buffer.from(seal(KEYS, CONTEXT, TAG, PAYLOAD), 'base64url');
  for (let at = 0; at < bytes.length; at += 1) {
    for (const change of [1, 2, 0x80, 0xff]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ change;
      t.is(open(KEYS, CONTEXT, changed.toString('base64url')).outcome, 'refused', `byte ${at}`);
    }
  }
});

test('Every other character in any place is refused, and so are cuts, additions and other spellings.', (t) => {
  const text = seal(KEYS, CONTEXT, TAG, Buffer.from('x'.repeat(33)));
  for (let at = 0; at < text.length; at += 1) {
    for (const other of 'AB_-9+/=. ') {
      if (text[at] === other) continue;
      const changed = text.slice(0, at) + other + text.slice(at + 1);
      t.is(open(KEYS, CONTEXT, changed).outcome, 'refused', `character ${at}`);
    }
    t.is(open(KEYS, CONTEXT, text.slice(0, at)).outcome, 'refused');
  }
  for (const other of [
    `${text}=`,
    `${text}A`,
    ` ${text}`,
    `${text}\n`,
    `${text.slice(0, 50)}.${text.slice(50)}`,
  ]) {
    t.is(open(KEYS, CONTEXT, other).outcome, 'refused');
  }
});

test('A value sealed for another audience, name, storage or kind is refused.', (t) => {
  const text = seal(KEYS, CONTEXT, TAG, PAYLOAD);
  const others: readonly (readonly [Partial<SealContext>, 'forged' | 'form'])[] = [
    [{ audience: 'shop2' }, 'forged'],
    [{ name: 'session2' }, 'forged'],
    // Not by joining parts alone: what is cut from one and added to the next.
    [{ audience: 'shop|7:session', name: '' }, 'forged'],
    [{ storage: 'server' }, 'form'],
    [{ remember: true }, 'form'],
  ];
  for (const [other, reason] of others) {
    const verdict = open(KEYS, { ...CONTEXT, ...other }, text);
    t.deepEqual(verdict, { outcome: 'refused', reason }, JSON.stringify(other));
  }
});

test('The kind is bound into the key too: flags that were changed to fit aren’t enough.', (t) => {
  for (const [at, other] of [
    [1, { storage: 'server' }],
    [2, { remember: true }],
  ] as const) {
    const bytes = Buffer.from(seal(KEYS, CONTEXT, TAG, PAYLOAD), 'base64url');
    bytes[2] = (bytes[2] as number) ^ at;
    t.deepEqual(open(KEYS, { ...CONTEXT, ...other }, bytes.toString('base64url')), {
      ...{ outcome: 'refused', reason: 'forged' },
    });
  }
});

test('A ciphertext made to fit another key is refused by the commitment, though its tag is right.', (t) => {
  const bytes = Buffer.from(seal(KEYS, CONTEXT, TAG, PAYLOAD), 'base64url');
  // Somebody who has the secret, and so can make valid tags, but commits to something else.
  const header = bytes.subarray(0, 52);
  header[40] = (header[40] as number) ^ 1;
  const context = 'sallyport session v1|4:shop|7:session|6:cookie|7:session|';
  const block = createHmac('sha512', KEYS.derive(2, 'session/v1/cookie'))
    .update(context)
    .update(header.subarray(12, 36))
    .digest();
  const forge = (commitment: Buffer) => {
    const whole = Buffer.concat([header.subarray(0, 36), commitment]);
    const cipher = createCipheriv('aes-256-gcm', block.subarray(0, 32), block.subarray(32, 44));
    cipher.setAAD(whole);
    const sealed = [whole, cipher.update(PAYLOAD), cipher.final(), cipher.getAuthTag()];
    return Buffer.concat(sealed).toString('base64url');
  };
  // The format, written down a second time: with the right commitment it opens.
  t.is(open(KEYS, CONTEXT, forge(block.subarray(44, 60))).outcome, 'opened');
  t.is(open(KEYS, CONTEXT, forge(header.subarray(36, 52))).outcome, 'refused');
});

test('An earlier key still opens and says stale; a retired one is unknown; nobody else’s key opens.', (t) => {
  const text = seal(testKeys([1]), CONTEXT, TAG, PAYLOAD);
  const opened = open(testKeys([1, 2, 3]), CONTEXT, text);
  t.true(opened.outcome === 'opened' && opened.stale && opened.kid === 1);
  t.deepEqual(open(testKeys([2, 3], [1]), CONTEXT, text), {
    ...{ outcome: 'refused', reason: 'unknown-key' },
  });
  const stranger: SessionKeys = { ...testKeys([1]), derive: () => Buffer.alloc(32, 7) };
  t.deepEqual(open(stranger, CONTEXT, text), { outcome: 'refused', reason: 'forged' });
});

test('A key that is retired while its secret was in use doesn’t open from then on.', (t) => {
  const keys = testKeys([1, 2]);
  const text = seal(testKeys([1]), CONTEXT, TAG, PAYLOAD);
  let view = keys.keys;
  const ring: SessionKeys = {
    active: 2,
    derive: keys.derive,
    get keys() {
      return view;
    },
  };
  t.is(open(ring, CONTEXT, text).outcome, 'opened');
  view = testKeys([2], [1]).keys;
  t.deepEqual(open(ring, CONTEXT, text), { outcome: 'refused', reason: 'unknown-key' });
});

test('Key ids above 255 share a byte with earlier ones, and both open.', (t) => {
  const keys = testKeys([44, 300]);
  const early = open(keys, CONTEXT, seal(testKeys([44]), CONTEXT, TAG, PAYLOAD));
  const late = open(keys, CONTEXT, seal(keys, CONTEXT, TAG, PAYLOAD));
  t.deepEqual(
    [early.outcome === 'opened' && early.kid, late.outcome === 'opened' && late.kid],
    [44, 300],
  );
});

test('The ring of libs/pki fits as it is, and a rotated one still opens.', async (t) => {
  const masterKey = parseMasterKey(`spk1.${Buffer.alloc(32, 5).toString('base64url')}`, 'the test');
  const rings = createKeyRings(
    { store: memoryRings(), clock: new ManualClock() },
    { service: 'sessions', masterKey },
  );
  const ring = await rings.openRing('sessions');
  const text = seal(ring, CONTEXT, TAG, PAYLOAD);
  await rings.rotate('sessions');
  await ring.reload();
  const opened = open(ring, CONTEXT, text);
  t.true(opened.outcome === 'opened' && opened.stale);
});

test('Any text gives a value when it is opened.', (t) => {
  const valid = seal(KEYS, CONTEXT, TAG, newSid());
  const near = fc
    .tuple(fc.nat(valid.length), fc.nat(9), fc.string())
    .map(([at, cut, text]) => valid.slice(0, at) + text + valid.slice(at + cut));
  const bytes = fc
    .uint8Array({ maxLength: 400 })
    .map((b) => Buffer.from([1, 2, 1, 0, ...b]).toString('base64url'));
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), near, bytes),
      (text) => text === valid || open(KEYS, CONTEXT, text).outcome === 'refused',
    ),
    runs(1000),
  );
  t.is(open(KEYS, CONTEXT, 'A'.repeat(40_000)).outcome, 'refused');
});

test('A tag that isn’t one and an empty payload are refused when sealing.', (t) => {
  for (const tag of ['', 'x', `${TAG}A`, `${TAG.slice(0, -1)}=`]) {
    t.throws(() => seal(KEYS, CONTEXT, tag, PAYLOAD), { instanceOf: SessionArgumentError });
  }
  t.throws(() => seal(KEYS, CONTEXT, TAG, new Uint8Array()), { instanceOf: SessionArgumentError });
});
