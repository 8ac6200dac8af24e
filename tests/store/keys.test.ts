import { decodeKey, encodeKey, type Key, StoreArgumentError } from '@sallyport/store';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';

// Anything at all, and what an encoder is likely to trip over.
const part = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom(...'./%{}:*?[]\\ 2Ff\0\n'.split(''), 'é', 'e\u0301', '😀', '\ufffd'),
    minLength: 1,
    maxLength: 4,
  }),
);
const key = fc
  .array(part, { minLength: 2, maxLength: 4 })
  .map((parts) => parts as unknown as Key)
  .filter((parts) => Buffer.byteLength(parts.join('')) <= 512);

test('an encoded key is plain ASCII from which the key comes back', (t) => {
  fc.assert(
    fc.property(key, (parts) => {
      const text = encodeKey(parts);
      t.deepEqual(decodeKey(text), parts);
      t.regex(text, /^[A-Za-z0-9_~@+=,.%/-]+$/);
      t.is(text.split('/').length, parts.length);
    }),
    runs(2_000),
  );
});

test('two keys have the same encoding only if they are the same', (t) => {
  // Few characters, so that keys nearly alike are made often.
  const close = fc
    .array(
      fc.string({ unit: fc.constantFrom('/', '%', '2', 'F', 'a'), minLength: 1, maxLength: 3 }),
      {
        minLength: 2,
        maxLength: 3,
      },
    )
    .map((parts) => parts as unknown as Key);
  fc.assert(
    fc.property(close, close, (a, b) => {
      t.is(encodeKey(a) === encodeKey(b), JSON.stringify(a) === JSON.stringify(b));
    }),
    runs(3_000),
  );
});

test('no part of an encoded key names a folder, hides a separator or opens a hash tag', (t) => {
  for (const [parts, text] of [
    [['..', '.'], '%2E%2E/%2E'],
    [['a', '../../etc/passwd'], 'a/..%2F..%2Fetc%2Fpasswd'],
    [['{a}', 'b}'], '%7Ba%7D/b%7D'],
    [['a:b', 'c*?[x]'], 'a%3Ab/c%2A%3F%5Bx%5D'],
    [['a\0', "!'()"], 'a%00/%21%27%28%29'],
    [['user@mail.example', 'a+b=c,d~e_f-1'], 'user@mail.example/a+b=c,d~e_f-1'],
    [['...', '.a'], '.../.a'],
    [['%', 'é'], '%25/%C3%A9'],
  ] as const) {
    t.is(encodeKey(parts), text);
    t.deepEqual(decodeKey(text), parts);
  }
});

test('any text is either the one encoding of a key or refused', (t) => {
  const text = fc.string({
    unit: fc.constantFrom('a', '/', '%', '2', 'E', 'e', 'F', 'C', '3', 'A', '9', '.', '{', 'é'),
    maxLength: 10,
  });
  fc.assert(
    fc.property(text, (encoded) => {
      let decoded: Key;
      try {
        decoded = decodeKey(encoded);
      } catch (error) {
        t.true(error instanceof StoreArgumentError);
        return;
      }
      t.is(encodeKey(decoded), encoded);
    }),
    runs(5_000),
  );
  for (const bad of ['a', '', 'a/', '/a', 'a/./b', 'a/%2e', 'a/%61', 'a/%', 'a/%C3', 'a/b c']) {
    t.throws(() => decodeKey(bad), { instanceOf: StoreArgumentError }, bad);
  }
});

test('a lone surrogate is refused wherever it stands, and so is what is too long', (t) => {
  for (const lone of ['\ud800', 'a\udfff', '\udc00\ud800']) {
    t.throws(() => encodeKey(['p', lone]), { message: /lone surrogate/ });
    t.throws(() => encodeKey([lone, 'a']), { message: /lone surrogate/ });
  }
  t.notThrows(() => encodeKey(['p', '\ud83d\ude00']));
  t.notThrows(() => encodeKey(['pp', 'é'.repeat(255)]));
  t.throws(() => encodeKey(['pp', `a${'é'.repeat(255)}`]), { message: /513 bytes.*512/ });
});
