import { createKeyRings, MasterKey, UnknownKeyError, UnsealError } from '@sallyport/pki';
import { ManualClock } from '@sallyport/runtime';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';
import { content, forge } from './forge.ts';
import { memoryRings } from './memory-rings.ts';

const clock = new ManualClock();
const masterKey = new MasterKey(Buffer.alloc(32, 7));
const store = memoryRings();
const certs = createKeyRings({ store, clock }, { service: 'certs', masterKey });
const leaf = await certs.openRing('leaf-keys');
const accounts = await certs.openRing('acme-accounts');
const refused = { instanceOf: UnsealError };

test('what is sealed for a record is opened for it, whatever its size', (t) => {
  for (const size of [0, 1, 15, 16, 17, 63, 64, 65, 4096, 65_537]) {
    const plain = Buffer.alloc(size, size);
    const sealed = leaf.seal(plain, 'shop.example');
    t.is(sealed.length, size + 61);
    t.deepEqual(leaf.open(sealed, 'shop.example'), plain);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (plain, aad) => {
      t.deepEqual(leaf.open(leaf.seal(plain, aad), aad), Buffer.from(plain));
    }),
    runs(200),
  );
});

test('two seals of the same thing have nothing in common', (t) => {
  const [a, b] = [leaf.seal(Buffer.alloc(64), 'x'), leaf.seal(Buffer.alloc(64), 'x')];
  t.notDeepEqual(a.subarray(5), b.subarray(5));
  t.notDeepEqual(a.subarray(45), b.subarray(45));
});

test('sealed bytes show nothing of what is in them', (t) => {
  const sealed = leaf.seal(Buffer.from('-----BEGIN PRIVATE KEY-----'), 'x');
  t.false(sealed.includes('BEGIN'));
});

test('every single bit matters: with any one changed nothing is opened', (t) => {
  const sealed = leaf.seal(Buffer.from('a private key'), 'shop.example');
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const spoilt = Buffer.from(sealed);
    spoilt[bit >> 3] = (spoilt[bit >> 3] as number) ^ (1 << (bit & 7));
    const error = t.throws(() => leaf.open(spoilt, 'shop.example'));
    // Another key id is one that the ring doesn't have; all else is damage.
    const kid = bit >= 8 && bit < 40;
    t.true(error instanceof (kid ? UnknownKeyError : UnsealError), `bit ${bit}: ${error}`);
  }
});

test('every truncation and every extension is refused', (t) => {
  const sealed = leaf.seal(Buffer.from('a private key'), 'x');
  for (let length = 0; length < sealed.length; length += 1) {
    t.throws(() => leaf.open(sealed.subarray(0, length), 'x'), refused, String(length));
  }
  t.throws(() => leaf.open(Buffer.concat([sealed, Buffer.alloc(1)]), 'x'), refused);
  t.throws(() => leaf.open(Buffer.concat([Buffer.alloc(1), sealed]), 'x'));
});

test('bytes in the middle of a larger buffer are opened like others', (t) => {
  const sealed = leaf.seal(Buffer.from('x'), 'x');
  const around = Buffer.concat([Buffer.alloc(7, 1), sealed, Buffer.alloc(7, 1)]);
  t.deepEqual(
    leaf.open(new Uint8Array(around.buffer, around.byteOffset + 7, sealed.length), 'x'),
    Buffer.from('x'),
  );
});

test('sealed for one record, opened for no other', (t) => {
  const sealed = leaf.seal(Buffer.from('key'), 'shop.example');
  for (const aad of ['', 'shop.exampl', 'shop.example2', 'Shop.example', Buffer.from('shop')]) {
    t.throws(() => leaf.open(sealed, aad), refused);
  }
  t.notThrows(() => leaf.open(sealed, Buffer.from('shop.example')));
});

test('sealed for one purpose, opened for no other, though both rings had the very same key', async (t) => {
  const sealed = leaf.seal(Buffer.from('key'), 'x');
  t.throws(() => accounts.open(sealed, 'x'), refused);

  const same = memoryRings();
  const material = Buffer.alloc(32, 9);
  forge(same, masterKey, 'leaf-keys', content(material, material));
  forge(same, masterKey, 'acme-accounts', content(material, material));
  const rings = createKeyRings({ store: same, clock }, { service: 'certs', masterKey });
  const one = await rings.openRing('leaf-keys');
  const other = await rings.openRing('acme-accounts');
  const bytes = one.seal(Buffer.from('key'), 'x');
  t.deepEqual(one.open(bytes, 'x'), Buffer.from('key'));
  t.throws(() => other.open(bytes, 'x'), refused);
  bytes[4] = 1;
  t.throws(() => one.open(bytes, 'x'), refused, 'nor for another key id with the same material');
  t.notDeepEqual(one.derive(1, 'a'), other.derive(1, 'a'));
});

test('random bytes are refused with one of two errors', (t) => {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((list) => {
    // Past the first checks, for most of them.
    if (list.length > 5) list.set([1, 0, 0, 0, 1]);
    return list;
  });
  fc.assert(
    fc.property(bytes, (sealed) => {
      const error = t.throws(() => leaf.open(sealed, 'x'));
      t.true(error instanceof UnsealError || error instanceof UnknownKeyError);
    }),
    runs(500, 50_000),
  );
});

test('a derived secret depends on purpose, key, label and length, and on nothing else', async (t) => {
  const edge = createKeyRings({ store, clock }, { service: 'edge', masterKey });
  const same = await edge.openRing('leaf-keys');
  t.deepEqual(same.derive(1, 'a'), leaf.derive(1, 'a'));
  t.is(leaf.derive(1, 'a', 48).length, 48);
  t.notDeepEqual(leaf.derive(1, 'a'), leaf.derive(1, 'b'));
  t.notDeepEqual(leaf.derive(1, 'a'), accounts.derive(1, 'a'));
  t.throws(() => leaf.derive(2, 'a'), { instanceOf: UnknownKeyError });
  t.throws(() => leaf.derive(1, ''), { message: /label/ });
});
