import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { type Clock, ManualClock, systemClock } from '@sallyport/runtime';
import type { Committed, Key, Store } from '@sallyport/store';
import { openSqliteStore } from '@sallyport/store/sqlite';
import test from 'ava';
import { startProgram, tempDir } from '../world/program.ts';
import { until } from '../world/until.ts';

const writer = fileURLToPath(new URL('./sqlite-writer.ts', import.meta.url));
const open = (path: string, clock: Clock = systemClock) => openSqliteStore({ path, clock });
const value = (size: number) => new Uint8Array(size).fill(1);

async function put(store: Store, key: Key, bytes: Uint8Array, ttlMs?: number) {
  const ttl = ttlMs === undefined ? {} : { ttlMs };
  return store.space('s').commit({ put: [{ key, value: bytes, format: 1, ...ttl }] });
}

test.serial(
  'a data file has one owner: nobody else opens it, in this process or another, until it is closed',
  async (t) => {
    await using dir = await tempDir();
    const path = join(dir.path, 'store.db');
    {
      await using store = await open(path);
      const error = await t.throwsAsync(open(path), { code: 'SP_ERR_STORE_IN_USE' });
      t.regex(error?.message ?? '', new RegExp(`${path} is in use`));
      // The refused attempt in this process must not have cost the owner its lock against others.
      await using other = startProgram(process.execPath, [writer, path, '0']);
      await once(other.child, 'close');
      t.regex(other.output(), /SP_ERR_STORE_IN_USE/);
      t.true((await put(store, ['p', 'a'], value(1))).ok);
    }
    await using again = await open(path);
    t.is((await again.space('s').get([['p', 'a']]))[0]?.value.byteLength, 1);
  },
);

test.serial('the death of its owner frees a data file at once', async (t) => {
  await using dir = await tempDir();
  const path = join(dir.path, 'store.db');
  await using owner = startProgram(process.execPath, [writer, path, '1']);
  await until(() => owner.output().includes('done'), 'the writer writes');
  await t.throwsAsync(open(path), { code: 'SP_ERR_STORE_IN_USE' });
  await owner.stop('SIGKILL');
  await using store = await open(path);
  t.true((await store.space('bank').counters([['bank', 'transfers']]))[0] !== 0);
});

test.serial('a file with a newer layout is refused and left as it is', async (t) => {
  await using dir = await tempDir();
  const path = join(dir.path, 'store.db');
  await (await open(path))[Symbol.asyncDispose]();
  const db = new DatabaseSync(path);
  db.exec('PRAGMA user_version = 2');
  db.close();
  const before = await readFile(path);
  await t.throwsAsync(open(path), {
    code: 'SP_ERR_STORE_LAYOUT',
    message: /has layout 2, this version knows 1: it was written by a newer one/,
  });
  t.true(before.equals(await readFile(path)));
});

test.serial('a file that is not a store is refused and left as it is', async (t) => {
  await using dir = await tempDir();
  const text = join(dir.path, 'notes.txt');
  await writeFile(text, 'not a database at all, but long enough to be looked at\n'.repeat(40));
  const foreign = join(dir.path, 'foreign.db');
  const db = new DatabaseSync(foreign);
  db.exec('CREATE TABLE t (a)');
  db.close();
  for (const [path, message] of [
    [text, /isn't a database/],
    [foreign, /database of another program/],
  ] as const) {
    const before = await readFile(path);
    await t.throwsAsync(open(path), { code: 'SP_ERR_STORE_LAYOUT', message });
    t.true(before.equals(await readFile(path)));
  }
});

test.serial('a path where no file can be is refused as unavailable', async (t) => {
  await using dir = await tempDir();
  await writeFile(join(dir.path, 'file'), '');
  for (const path of [join(dir.path, 'file', 'store.db'), dir.path]) {
    await t.throwsAsync(open(path), { code: 'SP_ERR_STORE_UNAVAILABLE' });
  }
});

test.serial('the data is readable for its owner only', async (t) => {
  await using dir = await tempDir();
  const path = join(dir.path, 'data', 'store.db');
  await using store = await open(path);
  await put(store, ['p', 'a'], value(1));
  for (const file of [path, `${path}-wal`]) {
    t.is(((await stat(file)).mode & 0o777).toString(8), '600', file);
  }
  t.is(((await stat(join(dir.path, 'data'))).mode & 0o777).toString(8), '700');
});

test.serial('what has expired is swept from the file, and what has not stays', async (t) => {
  await using dir = await tempDir();
  const path = join(dir.path, 'store.db');
  const clock = new ManualClock();
  const kept = ['p', 'kept'] as const;
  {
    await using store = await openSqliteStore({ path, clock, sweepMs: 700_000 });
    const space = store.space('s');
    // More than one slice of the sweep.
    for (let i = 0; i < 2; i += 1) {
      await space.commit({
        put: Array.from({ length: 900 }, (_, n) => ({
          key: ['p', `${i}-${n}`] as const,
          value: value(10),
          format: 1,
          ttlMs: 1_000,
        })),
      });
    }
    await space.commit({
      id: 'remembered',
      put: [{ key: kept, value: value(1), format: 1 }],
      index: [
        { index: kept, add: 'ends', score: 1, ttlMs: 1_000 },
        { index: kept, add: 'stays', score: 1 },
      ],
      count: [
        { key: ['p', 'ends'], add: 1, ttlMs: 1_000 },
        { key: kept, add: 1, ttlMs: 10_000_000 },
      ],
    });
    await space.hit([{ key: kept, periodMs: 1_000, limit: 1 }]);
    await space.lease(['p', 'lease'], 1_000);
    await clock.advance(700_000);
    // One turn of the sweep takes all of it, slice by slice, each answered before the commit asked behind it.
    for (let i = 0; i < 10; i += 1) await put(store, kept, value(1));
  }
  const db = new DatabaseSync(path, { readOnly: true });
  const count = (table: string) =>
    (db.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n;
  t.deepEqual(
    ['entry', 'member', 'counter', 'slide', 'lease', 'applied'].map(count),
    [1, 1, 1, 0, 0, 0],
  );
  db.close();
});

test.serial('commits that are waiting share a transaction, and so an fsync', async (t) => {
  const walOf = async (work: (store: Store) => Promise<unknown>) => {
    await using dir = await tempDir();
    const path = join(dir.path, 'store.db');
    await using store = await open(path);
    const empty = (await stat(`${path}-wal`)).size;
    await work(store);
    return (await stat(`${path}-wal`)).size - empty;
  };
  const commits = Array.from({ length: 100 }, (_, i): Key => ['p', String(i)]);
  const together = await walOf((store) =>
    Promise.all(commits.map((key) => put(store, key, value(1)))),
  );
  const apart = await walOf(async (store) => {
    for (const key of commits) await put(store, key, value(1));
  });
  t.true(together * 5 < apart, `${together} bytes of log together, ${apart} apart`);
});

test.serial('a commit given up while it waits its turn is not done', async (t) => {
  await using dir = await tempDir();
  await using store = await open(join(dir.path, 'store.db'));
  const space = store.space('s');
  const first = put(store, ['p', 'first'], value(1));
  await Promise.resolve();
  await Promise.resolve();
  // The first is with the worker now, whose answer can't come before this turn of the event loop ends.
  const controller = new AbortController();
  const second = space.commit({ count: [{ key: ['p', 'n'], add: 1 }] }, controller.signal);
  controller.abort(new Error('no longer wanted'));
  await t.throwsAsync(second, { message: 'no longer wanted' });
  await first;
  await put(store, ['p', 'last'], value(1));
  t.deepEqual(await space.counters([['p', 'n']]), [0]);
});

test.serial(
  'a commit that fails half-way takes back its own half and leaves those beside it alone',
  async (t) => {
    await using dir = await tempDir();
    const path = join(dir.path, 'store.db');
    await (await open(path))[Symbol.asyncDispose]();
    const db = new DatabaseSync(path);
    db.exec(`CREATE TRIGGER fault BEFORE INSERT ON counter WHEN NEW.id LIKE '%fault%'
    BEGIN SELECT RAISE(FAIL, 'a fault'); END`);
    db.close();
    await using store = await open(path);
    const space = store.space('s');
    const outcomes = await Promise.allSettled(
      ['a', 'fault', 'b'].map((name) =>
        space.commit({
          put: [{ key: [name, 'entry'], value: value(1), format: 1 }],
          index: [{ index: [name, 'index'], add: 'm', score: 1 }],
          count: [{ key: [name, 'counter'], add: 1 }],
        }),
      ),
    );
    t.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    t.like(outcomes[1], { reason: { code: 'SP_ERR_STORE_UNAVAILABLE' } });
    const found = await space.get(['a', 'fault', 'b'].map((name): Key => [name, 'entry']));
    t.deepEqual(
      found.map((entry) => entry !== undefined),
      [true, false, true],
    );
    t.deepEqual(await space.range(['fault', 'index']), []);
    t.is((await space.range(['b', 'index'])).length, 1);
  },
);

test.serial('a version does not come back when the file is opened again', async (t) => {
  await using dir = await tempDir();
  const path = join(dir.path, 'store.db');
  const versions = new Set<string>();
  for (let opening = 0; opening < 3; opening += 1) {
    await using store = await open(path);
    for (let i = 0; i < 3; i += 1) {
      versions.add(((await put(store, ['p', 'a'], value(1))) as Committed).version);
    }
  }
  t.is(versions.size, 9);
});

test.serial(
  'an answer that does not come before the deadline is unavailable, and the store goes on',
  async (t) => {
    await using dir = await tempDir();
    const path = join(dir.path, 'store.db');
    const options = { path, clock: systemClock, deadlineMs: 5, sweepMs: 60_000 };
    await using store = await openSqliteStore(options);
    const large = Array.from({ length: 4 }, (_, i) => ({
      key: ['p', String(i)] as const,
      value: value(8 * 1024 * 1024),
      format: 1,
    }));
    await t.throwsAsync(store.space('s').commit({ put: large }), {
      code: 'SP_ERR_STORE_UNAVAILABLE',
      message: /no answer from .* within 5 ms/,
    });
    const found = await until(() =>
      store
        .space('s')
        .counters([['p', 'n']])
        .catch(() => undefined),
    );
    t.deepEqual(found, [0]);
  },
);

test.serial(
  'a clock that is set back makes no window forget and no ended entry return',
  async (t) => {
    await using dir = await tempDir();
    let now = 1_000_000_000;
    const clock: Clock = { ...systemClock, now: () => now };
    await using store = await open(join(dir.path, 'store.db'), clock);
    const space = store.space('s');
    const window = { key: ['p', 'w'], periodMs: 1_000, limit: 3 } as const;
    for (let i = 0; i < 3; i += 1) t.true((await space.hit([window]))[0]?.allowed);
    now -= 5_000;
    const [judged] = await space.hit([window]);
    t.false(judged?.allowed);
    t.is(judged?.count, 4);
  },
);

test.serial(
  'when the disk is full commits are refused whole, reads go on, and so does the store later',
  async (t) => {
    await using dir = await tempDir();
    const path = join(dir.path, 'store.db');
    // A limit on the size of files does what a full disk does; the signal that comes with it is ignored.
    const limited = `trap '' XFSZ; ulimit -f 4096; exec "${process.execPath}" "${writer}" "${path}" full`;
    await using child = startProgram('bash', ['-c', limited]);
    const [status] = await once(child.child, 'close');
    t.is(status, 0, child.output());
    const report = JSON.parse(child.output()) as { kept: number; error: string };
    t.is(report.error, 'SP_ERR_STORE_UNAVAILABLE');
    t.true(report.kept > 0);
    await using store = await open(path);
    const keys = Array.from({ length: 200 }, (_, i): Key => ['p', String(i)]);
    const found = await store.space('full').get(keys);
    const kept = found.filter((entry) => entry?.value.byteLength === 100_000).length;
    t.is(kept, report.kept);
    t.deepEqual(await store.space('full').counters([['p', 'n']]), [kept]);
    const next = (await put(store, ['p', 'after'], value(1))) as Committed;
    t.true(next.ok);
  },
);
