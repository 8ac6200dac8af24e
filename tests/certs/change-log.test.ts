import { createChangeLog } from '@sallyport/certs';
import { type CertificateChange, type ChangeHead, certificateFeed } from '@sallyport/pki';
import { countingIds } from '@sallyport/runtime';
import type { Space } from '@sallyport/store';
import { testWith } from '../world/needs.ts';
import { twoViewsOfRedis, twoViewsOfSqlite } from './obtain-world.ts';

const test = testWith('redis-server');
const signal = new AbortController().signal;
const change = (name: string): CertificateChange => ({ kind: 'certificate', name });

for (const [kind, open] of [
  ['SQLite', twoViewsOfSqlite],
  ['Redis', twoViewsOfRedis],
] as const) {
  test.serial(
    `${kind}: two processes that append at once give each change a version of its own, without a gap`,
    async (t) => {
      await using world = await open();
      const told: [ChangeHead, CertificateChange][] = [];
      const logs = world.stores.map((store, i) =>
        createChangeLog({
          space: store.space('certs'),
          ids: countingIds(`log-${i}-`),
          announce: (head, what) => told.push([head, what]),
        }),
      );
      const feed = certificateFeed(world.stores[0].space('certs'));
      await logs[0]?.append(change('first.test'));
      const from = await feed.head(signal);
      await Promise.all(
        Array.from({ length: 300 }, (_, i) => logs[i % 2]?.append(change(`${i}.test`))),
      );
      const since = await feed.since(from, signal);
      t.is(since?.length, 300);
      t.is(new Set(since?.map(({ delta }) => delta.name)).size, 300);
      const announced = told
        .map(([{ version }, { name }]) => ({ version, name }))
        .sort((a, b) => a.version - b.version)
        .slice(1);
      t.deepEqual(
        announced,
        since?.map(({ version, delta }) => ({ version, name: delta.name })),
      );
    },
  );

  test.serial(
    `${kind}: what is appended together is one commit, and its lists are changed with it`,
    async (t) => {
      await using world = await open();
      let commits = 0;
      const inner = world.stores[0].space('certs');
      const space: Space = Object.assign(Object.create(inner), {
        commit(...args: Parameters<Space['commit']>) {
          commits += 1;
          return inner.commit(...args);
        },
      });
      const log = createChangeLog({ space, ids: countingIds('log-'), announce: () => {} });
      const index = ['~changes', 'names'] as const;
      const first = log.append(change('a.test'), [{ index, add: 'a.test', score: 0 }]);
      await Promise.all([
        first,
        log.append(change('b.test'), [{ index, add: 'b.test', score: 0 }]),
        log.append(undefined, [{ index, add: 'c.test', score: 0 }]),
        // The last word on a member counts: a commit may have but one.
        log.append(undefined, [{ index, remove: 'b.test' }]),
        log.append(change('d.test')),
      ]);
      t.is(commits, 2);
      const members = await space.range(index);
      t.deepEqual(
        members.map(({ member }) => member),
        ['a.test', 'c.test'],
      );
      t.is((await certificateFeed(space).head(signal)).version, 3);
    },
  );
}

test('a store that fails is told to everybody who waits, and the next is tried anew', async (t) => {
  await using world = await twoViewsOfSqlite();
  const inner = world.stores[0].space('certs');
  let broken = true;
  const space: Space = Object.assign(Object.create(inner), {
    commit: (...args: Parameters<Space['commit']>) =>
      broken ? Promise.reject(new Error('away')) : inner.commit(...args),
  });
  const told: CertificateChange[] = [];
  const log = createChangeLog({
    ...{ space, ids: countingIds('log-') },
    announce: (_, what) => told.push(what),
  });
  const tries = ['a.test', 'b.test'].map((name) => log.append(change(name)));
  for (const each of tries) await t.throwsAsync(each, { message: 'away' });
  t.deepEqual(told, []);
  broken = false;
  await log.append(change('c.test'));
  t.deepEqual(told, [change('c.test')]);
});
