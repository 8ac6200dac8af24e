import {
  certificateFeed,
  type StoredKey,
  type StoredValue,
  storedChangeHead,
  storedChanges,
} from '@sallyport/pki';
import test from 'ava';

const signal = new AbortController().signal;

/** A space of one process, as reading sees it; counts trips. */
function memory() {
  const values = new Map<string, StoredValue>();
  let trips = 0;
  return {
    get trips() {
      return trips;
    },
    put: (key: StoredKey, value: Uint8Array, format = 1) =>
      values.set(key.join('/'), { value, format }),
    drop: (key: StoredKey) => values.delete(key.join('/')),
    append(epoch: string, version: number, name: string) {
      const change = { kind: 'certificate', name };
      this.put(storedChanges.key(version), storedChanges.encode(change));
      this.put(storedChangeHead.key, storedChangeHead.encode({ epoch, version }));
    },
    async get(keys: readonly StoredKey[]) {
      trips += 1;
      return keys.map((key) => values.get(key.join('/')));
    },
  };
}

test('the log is where and what format 1 says', (t) => {
  t.deepEqual(storedChangeHead.key, ['~changes', 'head']);
  t.deepEqual(storedChanges.key(7), ['~changes', 'd', '7']);
  const bytes = storedChanges.encode({
    kind: 'challenge',
    name: 'a.test',
    key: 'tok',
    removed: true,
  });
  t.is(
    Buffer.from(bytes).toString(),
    '{"kind":"challenge","name":"a.test","key":"tok","removed":true}',
  );
  const read = (value: object) =>
    storedChanges.decode({ value: Buffer.from(JSON.stringify(value)), format: 1 });
  t.deepEqual(read({ kind: 'refusal', name: 'a.test' }), { kind: 'refusal', name: 'a.test' });
  for (const wrong of [
    { kind: 'x' },
    { kind: 'x', name: 'a', key: 1 },
    { name: 'a', kind: null },
  ]) {
    t.throws(() => read(wrong), { code: 'SP_ERR_PKI_STORED_RECORD' });
  }
  t.throws(() => read({ kind: 'x', name: 'a', removed: 'yes' }), {
    message: "change: field 'removed' must be a boolean",
  });
});

test('nothing was written: version 0, and nothing since', async (t) => {
  const feed = certificateFeed(memory());
  const head = await feed.head(signal);
  t.is(head.version, 0);
  t.deepEqual(await feed.snapshot(signal), { ...head, value: undefined });
  t.deepEqual(await feed.since(head, signal), []);
});

test('a reader gets what it missed, in order, in two trips', async (t) => {
  const space = memory();
  for (const version of [1, 2, 3]) space.append('e', version, `${version}.test`);
  const feed = certificateFeed(space);
  t.deepEqual(await feed.since({ epoch: 'e', version: 1 }, signal), [
    { version: 2, delta: { kind: 'certificate', name: '2.test' } },
    { version: 3, delta: { kind: 'certificate', name: '3.test' } },
  ]);
  t.is(space.trips, 2);
  t.deepEqual(await feed.since({ epoch: 'e', version: 3 }, signal), []);
});

test('a reader of another epoch, ahead of the head, too far behind or behind what is kept has to forget', async (t) => {
  const space = memory();
  for (const version of [1, 2, 3]) space.append('e', version, 'a.test');
  const feed = certificateFeed(space);
  t.is(await feed.since({ epoch: 'other', version: 1 }, signal), undefined);
  t.is(await feed.since({ epoch: 'e', version: 4 }, signal), undefined);
  space.drop(storedChanges.key(2));
  t.is(await feed.since({ epoch: 'e', version: 1 }, signal), undefined);
  t.is((await feed.since({ epoch: 'e', version: 2 }, signal))?.length, 1);
  space.append('e', 1200, 'a.test');
  t.is(await feed.since({ epoch: 'e', version: 3 }, signal), undefined);
});

test('a log that a newer version wrote is refused, not misread', async (t) => {
  const space = memory();
  space.put(storedChangeHead.key, storedChangeHead.encode({ epoch: 'e', version: 1 }), 2);
  await t.throwsAsync(certificateFeed(space).head(signal), { code: 'SP_ERR_PKI_STORED_RECORD' });
});
