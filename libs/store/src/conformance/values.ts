import { randomBytes } from 'node:crypto';
import type { Key } from '../ports.ts';
import { defineRecord } from '../records.ts';
import { commit } from './commits.ts';
import { bytes, type Cases, text } from './subject.ts';

export const values: Cases = {
  'values are bytes: none, every one there is, and a mebibyte of them': async (t, { space }) => {
    const mebibyte = new Uint8Array(randomBytes(1024 * 1024));
    const every = Uint8Array.from({ length: 256 }, (_, i) => i);
    // A view into something larger must give only what it shows.
    const view = new Uint8Array(every.buffer, 10, 5);
    const all = [new Uint8Array(0), every, mebibyte, view, Buffer.from('pooled')];
    await commit(space, {
      put: all.map((value, i) => ({ key: ['p', String(i)], value, format: 1 })),
    });
    const found = await space.get(all.map((_, i): Key => ['p', String(i)]));
    for (const [i, value] of all.entries()) {
      t.true(found[i]?.value instanceof Uint8Array);
      t.true(Buffer.from(value).equals(found[i]?.value as Uint8Array), `value ${i}`);
    }
  },

  'a value of the largest size is taken, one byte more is refused': async (t, { space }) => {
    const largest = new Uint8Array(8 * 1024 * 1024).fill(1);
    await commit(space, { put: [{ key: ['p', 'a'], value: largest, format: 1 }] });
    t.is((await space.get([['p', 'a']]))[0]?.value.byteLength, largest.byteLength);
    await t.throwsAsync(
      () =>
        space.commit({
          put: [{ key: ['p', 'a'], value: new Uint8Array(largest.byteLength + 1), format: 1 }],
        }),
      { code: 'SP_ERR_STORE_ARGUMENT', message: /8388609 bytes/ },
    );
  },

  'keys are any text, and no two keys meet': async (t, { space }) => {
    const keys: Key[] = [
      ['p', 'a', 'b'],
      ['p', 'a/b'],
      ['p', 'a:b'],
      ['p', 'a%2Fb'],
      ['p/a', 'b'],
      ['p}', 'a'],
      ['{p}', 'a'],
      ['p', '}a'],
      ['{', '}'],
      ['..', '.'],
      ['p', '../a'],
      ['p', '\0'],
      ['p', '\0\0'],
      ['p', '*'],
      ['é', 'é'],
      ['é', 'e\u0301'],
      ['😀', '\u{10ffff}'],
      ['p', ' '],
      ['P', 'a'],
      ['p', 'A'],
      ['p', 'x'.repeat(511)],
    ];
    await Promise.all(
      keys.map((key, i) =>
        commit(space, {
          put: [{ key, value: bytes(String(i)), format: 1 }],
          count: [{ key, add: i }],
          index: [{ index: key, add: String(i), score: i }],
        }),
      ),
    );
    const expected = keys.map((_, i) => String(i));
    t.deepEqual(
      (await space.get(keys)).map((entry) => text(entry?.value)),
      expected,
    );
    t.deepEqual(await space.counters(keys), expected.map(Number));
    for (const [i, key] of keys.entries()) {
      t.deepEqual(await space.range(key), [{ member: String(i), score: i }]);
    }
  },

  'a value of a format that the reader does not know is refused by name': async (t, { space }) => {
    const key = ['p', 'session 1'] as const;
    const newer = defineRecord<{ a: number }>({ kind: 'session', format: 9 });
    const older = defineRecord<{ a: number }>({
      kind: 'session',
      format: 2,
      upgrades: { 1: (old) => ({ a: Number(old) }) },
    });
    await commit(space, { put: [newer.put(key, { a: 1 })] });
    const [entry] = await space.get([key]);
    t.deepEqual(newer.read(entry), { a: 1 });
    await t.throwsAsync(async () => older.read(entry), {
      code: 'SP_ERR_STORE_FORMAT',
      message: /session 1.*format 9.*known are 1, 2/,
    });
    await commit(space, { put: [{ key, value: bytes('41'), format: 1 }] });
    t.deepEqual(older.read((await space.get([key]))[0]), { a: 41 }, 'an older one is upgraded');
  },
};
