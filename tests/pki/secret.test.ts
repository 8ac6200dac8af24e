import { authDecide, type SealedText, sealedFieldContext } from '@sallyport/contracts';
import {
  CLOCK_SKEW_MS,
  createKeyRings,
  MasterKey,
  SealArgumentError,
  SecretExpiredError,
  UnknownKeyError,
  UnsealError,
} from '@sallyport/pki';
import { ManualClock } from '@sallyport/runtime';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';
import { forge, reveal } from './forge.ts';
import { memoryRings } from './memory-rings.ts';

const masterKey = new MasterKey(Buffer.alloc(32, 7));
const refused = { instanceOf: UnsealError };
const context = sealedFieldContext({ subject: authDecide.subject, path: '/password', id: 'q1' });

/** An auth that opens and an edge that seals, with a clock and a store of their own. */
async function pair() {
  const clock = new ManualClock();
  const store = memoryRings();
  const auth = createKeyRings({ store, clock }, { service: 'auth', masterKey });
  const reader = await auth.openReader('messages-auth');
  const edge = createKeyRings({ store, clock }, { service: 'edge', masterKey });
  const sealer = await edge.openSealer('messages-auth');
  return { clock, store, auth, reader, edge, sealer };
}
const { reader, sealer } = await pair();

test('a sealed password is opened by its reader and fits the contract of its message', (t) => {
  const sealed = sealer.sealSecret(Buffer.from('correct horse'), { context, ttlMs: 10_000 });
  t.regex(sealed, /^sp1\.1\.[A-Za-z0-9_-]+$/);
  t.is(reader.openSecret(sealed, { context }).toString(), 'correct horse');
  t.notThrows(() =>
    authDecide.parse({
      ...{ login: 'alice', door: 'edge', client: { address: '192.0.2.7' } },
      password: sealed as SealedText,
    }),
  );
});

test('a secret of any size and content comes back, up to 12,000 bytes', (t) => {
  for (const size of [0, 1, 53, 54, 55, 118, 12_000]) {
    const secret = Buffer.alloc(size, 0xff);
    const sealed = sealer.sealSecret(secret, { context, ttlMs: 1 });
    t.deepEqual(reader.openSecret(sealed, { context }), secret);
    t.true(sealed.length <= 16_384, 'what contracts takes');
  }
  t.throws(() => sealer.sealSecret(Buffer.alloc(12_001), { context, ttlMs: 1 }), {
    instanceOf: SealArgumentError,
  });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (secret, where) => {
      const sealed = sealer.sealSecret(secret, { context: where, ttlMs: 1000 });
      t.deepEqual(reader.openSecret(sealed, { context: where }), Buffer.from(secret));
    }),
    runs(50, 2000),
  );
});

test('secrets of similar length can’t be told apart by it', (t) => {
  const length = (n: number) => sealer.sealSecret(Buffer.alloc(n), { context, ttlMs: 1 }).length;
  t.is(length(0), length(54));
  t.not(length(54), length(55));
});

test('a secret sealed for one field of one message is opened for no other', (t) => {
  const sealed = sealer.sealSecret(Buffer.from('x'), { context, ttlMs: 1000 });
  for (const other of [
    '',
    sealedFieldContext({ subject: authDecide.subject, path: '/password', id: 'q2' }),
    sealedFieldContext({ subject: authDecide.subject, path: '/login', id: 'q1' }),
    sealedFieldContext({ subject: 'rpc.auth.decide.v2', path: '/password', id: 'q1' }),
  ]) {
    t.throws(() => reader.openSecret(sealed, { context: other }), refused);
  }
});

test('a secret is opened until its time has passed by more than the clocks may differ', async (t) => {
  const { clock, reader, sealer } = await pair();
  const sealed = sealer.sealSecret(Buffer.from('x'), { context, ttlMs: 10_000 });
  await clock.advance(10_000 + CLOCK_SKEW_MS);
  t.notThrows(() => reader.openSecret(sealed, { context }));
  await clock.advance(1);
  t.throws(() => reader.openSecret(sealed, { context }), { instanceOf: SecretExpiredError });
});

test('a time to live that is none is refused', (t) => {
  for (const ttlMs of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 48]) {
    t.throws(() => sealer.sealSecret(Buffer.from('x'), { context, ttlMs }), {
      instanceOf: SealArgumentError,
    });
  }
});

test('every single bit and every spelling matters', (t) => {
  const sealed = sealer.sealSecret(Buffer.from('x'), { context, ttlMs: 1000 });
  const body = Buffer.from(sealed.slice('sp1.1.'.length), 'base64url');
  const open = (bytes: Uint8Array) =>
    reader.openSecret(`sp1.1.${Buffer.from(bytes).toString('base64url')}`, { context });
  for (let bit = 0; bit < body.length * 8; bit += 1) {
    const spoilt = Buffer.from(body);
    spoilt[bit >> 3] = (spoilt[bit >> 3] as number) ^ (1 << (bit & 7));
    const error = t.throws(() => open(spoilt));
    // X25519 ignores the top bit of a public key (RFC 7748 section 5); the cipher's label doesn't.
    t.true(error instanceof UnsealError, `bit ${bit}: ${error}`);
  }
  for (let length = 0; length < body.length; length += 1) {
    t.throws(() => open(body.subarray(0, length)), refused);
  }
  for (const text of [
    '',
    'sp1',
    sealed.slice(1),
    `${sealed}=`,
    `${sealed}\n`,
    ` ${sealed}`,
    sealed.replace('sp1', 'sp2'),
    sealed.replace('.1.', '.01.'),
    sealed.replace('.1.', '..'),
  ]) {
    t.throws(() => reader.openSecret(text, { context }), refused, text);
  }
  t.throws(() => reader.openSecret(sealed.replace('.1.', '.2.'), { context }), {
    instanceOf: UnknownKeyError,
  });
});

test('one value has one spelling: unused bits of the last character are refused', (t) => {
  const sealed = sealer.sealSecret(Buffer.from('x'), { context, ttlMs: 1000 });
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  for (const last of alphabet) {
    const other = sealed.slice(0, -1) + last;
    if (other !== sealed) t.throws(() => reader.openSecret(other, { context }), refused, last);
  }
});

test('an ephemeral key of low order is refused', (t) => {
  const sealed = sealer.sealSecret(Buffer.from('x'), { context, ttlMs: 1000 });
  const body = Buffer.from(sealed.slice('sp1.1.'.length), 'base64url');
  // RFC 7748 section 6.1: u = 0 and u = 1 give the all-zero secret.
  for (const u of [0, 1]) {
    body.fill(0, 0, 32);
    body[0] = u;
    t.throws(() => reader.openSecret(`sp1.1.${body.toString('base64url')}`, { context }), refused);
  }
});

test('who can seal can’t open: not for others, not even its own', async (t) => {
  const { edge, sealer } = await pair();
  t.false('openSecret' in sealer);
  await t.throwsAsync(edge.openReader('messages-auth'), { code: 'SP_ERR_PKI_RING_ACCESS' });
});

test('the public record holds no secret half, even for those with the master key', async (t) => {
  const { clock, store, reader, sealer } = await pair();
  const secret = reveal(store, masterKey, 'messages-auth');
  const open = reveal(store, masterKey, 'messages-auth', 'public');
  t.is(open.keys.length, 1);
  t.truthy(open.keys[0]?.material);
  t.not(open.keys[0]?.material, secret.keys[0]?.material);

  // Taken for a private key, it opens nothing.
  const theft = memoryRings();
  forge(theft, masterKey, 'messages-auth', open);
  const thief = createKeyRings({ store: theft, clock }, { service: 'auth', masterKey });
  const sealed = sealer.sealSecret(Buffer.from('x'), { context, ttlMs: 1000 });
  t.notThrows(() => reader.openSecret(sealed, { context }));
  const stolen = await thief.openReader('messages-auth');
  t.throws(() => stolen.openSecret(sealed, { context }), refused);
});

test('after a rotation sealers go over to the new key once they reload, and both are opened', async (t) => {
  const { clock, auth, reader, sealer } = await pair();
  const before = sealer.sealSecret(Buffer.from('old'), { context, ttlMs: 60_000 });
  await auth.rotate('messages-auth');
  t.regex(sealer.sealSecret(Buffer.from('x'), { context, ttlMs: 1 }), /^sp1\.1\./);
  t.true(await sealer.reload());
  const after = sealer.sealSecret(Buffer.from('new'), { context, ttlMs: 60_000 });
  t.regex(after, /^sp1\.2\./);
  t.throws(() => reader.openSecret(after, { context }), { instanceOf: UnknownKeyError });
  await clock.advance(1000);
  t.true(await reader.refresh());
  t.is(reader.openSecret(after, { context }).toString(), 'new');
  t.is(reader.openSecret(before, { context }).toString(), 'old');
});
