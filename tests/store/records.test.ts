import {
  DamagedRecordError,
  defineRecord,
  type Entry,
  StoreArgumentError,
  UnknownFormatError,
  type Version,
} from '@sallyport/store';
import test from 'ava';

interface Session {
  readonly subject: string;
  readonly factors: readonly string[];
}

const isSession = (value: unknown): value is Session =>
  typeof value === 'object' && value !== null && 'subject' in value && 'factors' in value;

const sessions = defineRecord<Session>({
  kind: 'session',
  format: 4,
  upgrades: {
    2: (old) => ({ user: (old as { name: string }).name }),
    3: (old) => ({ subject: (old as { user: string }).user, factors: ['password'] }),
  },
  is: isSession,
});

const entry = (format: number, value: unknown): Entry => ({
  key: ['alice', 'session'],
  value: value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value)),
  format,
  version: 'v' as Version,
});

test('a record comes back as it was put, under the format of today', (t) => {
  const value = { subject: 'alice', factors: ['key'] };
  const put = sessions.put(['alice', 'session'], value, { ttlMs: 5 });
  t.is(put.format, 4);
  t.is(put.ttlMs, 5);
  t.deepEqual(sessions.read(entry(4, put.value)), value);
  t.is(sessions.read(undefined), undefined);
});

test('a record in an older format is upgraded step by step', (t) => {
  const upgraded = { subject: 'alice', factors: ['password'] };
  t.deepEqual(sessions.read(entry(2, { name: 'alice' })), upgraded);
  t.deepEqual(sessions.read(entry(3, { user: 'alice' })), upgraded);
});

test('a record in an unknown format is refused with the key, what was found and what is known', (t) => {
  for (const format of [1, 5, 65_535]) {
    const error = t.throws(() => sessions.read(entry(format, {})), {
      instanceOf: UnknownFormatError,
      code: 'SP_ERR_STORE_FORMAT',
    });
    t.is(error?.message, `session at ["alice","session"] has format ${format}, known are 2, 3, 4`);
  }
});

test('bytes that are not what their format promises are refused as damaged', (t) => {
  for (const damaged of [Buffer.from('{"subj'), new Uint8Array([0xff]), Buffer.from('{}')]) {
    t.throws(() => sessions.read(entry(4, damaged)), {
      instanceOf: DamagedRecordError,
      code: 'SP_ERR_STORE_DAMAGED',
      message: /session at \["alice","session"\].*format 4/,
    });
  }
  const error = t.throws(() => sessions.read(entry(2, null)), { instanceOf: DamagedRecordError });
  t.true(error?.cause instanceof TypeError, 'an upgrade that stumbles over the old value');
});

test('a codec of its own replaces JSON', (t) => {
  const raw = defineRecord<Uint8Array>({
    kind: 'certificate',
    format: 1,
    codec: { encode: (value) => value as Uint8Array, decode: (bytes) => bytes },
  });
  const value = new Uint8Array([1, 2, 3]);
  t.deepEqual(raw.read(entry(1, raw.put(['p', 'a'], value).value)), value);
});

test('formats with a gap between them are refused where they are defined', (t) => {
  const define = (format: number, ...from: number[]) =>
    defineRecord({
      kind: 'k',
      format,
      upgrades: Object.fromEntries(from.map((number) => [number, (old: unknown) => old])),
    });
  t.notThrows(() => define(3, 1, 2));
  for (const [format, ...from] of [[3, 1], [3, 3], [3, 4], [0], [1.5], [65_536], [2, 0, 1]]) {
    t.throws(() => define(format as number, ...from), { instanceOf: StoreArgumentError });
  }
});
