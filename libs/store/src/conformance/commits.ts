import type { Changes, Committed, Space, Version } from '../ports.ts';
import { bytes, type Cases, text } from './subject.ts';

/** A commit that the case expects to succeed. */
export async function commit(space: Space, changes: Changes): Promise<Committed> {
  const result = await space.commit(changes);
  if (!result.ok) throw new Error(`unexpected conflict: ${JSON.stringify(result.failed)}`);
  return result;
}

export const commits: Cases = {
  'what a commit put is there, with its format and version, and what it deleted is gone': async (
    t,
    { space },
  ) => {
    const first = await commit(space, {
      put: [
        { key: ['p', 'a'], value: bytes('one'), format: 1 },
        { key: ['p', 'b'], value: bytes('two'), format: 65_535 },
      ],
    });
    const [a, b, none] = await space.get([
      ['p', 'a'],
      ['p', 'b'],
      ['p', 'c'],
    ]);
    t.is(text(a?.value), 'one');
    t.is(a?.format, 1);
    t.is(a?.version, first.version);
    t.deepEqual(a?.key, ['p', 'a']);
    t.is(text(b?.value), 'two');
    t.is(b?.format, 65_535);
    t.is(none, undefined);

    await commit(space, { delete: [['p', 'a']] });
    t.deepEqual(
      (
        await space.get([
          ['p', 'b'],
          ['p', 'a'],
        ])
      ).map((entry) => text(entry?.value)),
      ['two', undefined],
    );
  },

  'get answers in the order of the keys, over many partitions, and twice for a key asked twice':
    async (t, { space }) => {
      const partitions = Array.from({ length: 20 }, (_, i) => `p${i}`);
      await Promise.all(
        partitions.map((p) =>
          commit(space, { put: [{ key: [p, 'k'], value: bytes(p), format: 1 }] }),
        ),
      );
      const asked = [...partitions.toReversed(), 'p3', 'nobody'];
      const found = await space.get(asked.map((p) => [p, 'k']));
      t.deepEqual(
        found.map((entry) => text(entry?.value)),
        [...partitions.toReversed(), 'p3', undefined],
      );
      t.deepEqual(await space.get([]), []);
    },

  'a commit whose check fails changes nothing, of any kind, and names the first check that failed':
    async (t, { space }) => {
      const { version } = await commit(space, {
        put: [{ key: ['p', 'a'], value: bytes('old'), format: 1 }],
        index: [{ index: ['p', 'i'], add: 'old', score: 1 }],
        count: [{ key: ['p', 'n'], add: 5 }],
      });
      const stale = { key: ['p', 'a'], version: 'never' as Version } as const;
      const result = await space.commit({
        id: 'refused',
        check: [
          { key: ['p', 'a'], version },
          stale,
          { key: ['p', 'absent'], version: 'x' as Version },
        ],
        put: [{ key: ['p', 'a'], value: bytes('new'), format: 1 }],
        delete: [['p', 'b']],
        index: [
          { index: ['p', 'i'], add: 'new', score: 2 },
          { index: ['p', 'i'], remove: 'old' },
        ],
        count: [{ key: ['p', 'n'], add: 1 }],
        outbox: [{ id: 'm', subject: 's', body: bytes('') }],
      });
      t.deepEqual(result, { ok: false, failed: stale });
      t.is(text((await space.get([['p', 'a']]))[0]?.value), 'old');
      t.deepEqual(await space.range(['p', 'i']), [{ member: 'old', score: 1 }]);
      t.deepEqual(await space.counters([['p', 'n']]), [5]);
      t.is(await space.outbox.claim({ limit: 10, claimMs: 1_000 }), undefined);
    },

  'a check of absence holds until somebody puts the key, and again once it is deleted': async (
    t,
    { space },
  ) => {
    const create = (value: string) =>
      space.commit({
        check: [{ key: ['p', 'a'], version: undefined }],
        put: [{ key: ['p', 'a'], value: bytes(value), format: 1 }],
      });
    t.true((await create('first')).ok);
    t.deepEqual(await create('second'), {
      ok: false,
      failed: { key: ['p', 'a'], version: undefined },
    });
    t.is(text((await space.get([['p', 'a']]))[0]?.value), 'first');
    await commit(space, { delete: [['p', 'a']] });
    t.true((await create('third')).ok);
  },

  'a commit of checks alone says whether they hold': async (t, { space }) => {
    const { version } = await commit(space, {
      put: [{ key: ['p', 'a'], value: bytes('x'), format: 1 }],
    });
    t.true((await space.commit({ check: [{ key: ['p', 'a'], version }] })).ok);
    t.false((await space.commit({ check: [{ key: ['p', 'a'], version: undefined }] })).ok);
    t.true((await space.commit({ check: [{ key: ['p', 'b'], version: undefined }] })).ok);
  },

  'a version never comes back, whatever is put, deleted and made again': async (t, { space }) => {
    const seen = new Set<Version>();
    const put = { key: ['p', 'a'], value: bytes('same'), format: 1 } as const;
    const first = await commit(space, { put: [put] });
    seen.add(first.version);
    for (let i = 0; i < 20; i += 1) {
      await commit(space, { delete: [['p', 'a']] });
      const { version } = await commit(space, { put: [put] });
      t.false(seen.has(version));
      seen.add(version);
      t.is((await space.get([['p', 'a']]))[0]?.version, version);
    }
    const late = await space.commit({
      check: [{ key: ['p', 'a'], version: first.version }],
      put: [put],
    });
    t.false(late.ok, 'the first version is not the one of an equal value made later');
  },

  '100 racing increments by compare-and-set over two connections lose none': async (t, scene) => {
    const spaces = [scene.space, await scene.other()];
    const increment = async (space: Space): Promise<number> => {
      for (let conflicts = 0; ; conflicts += 1) {
        const [entry] = await space.get([['p', 'n']]);
        const next = Number(text(entry?.value) ?? 0) + 1;
        const result = await space.commit({
          check: [{ key: ['p', 'n'], version: entry?.version }],
          put: [{ key: ['p', 'n'], value: bytes(String(next)), format: 1 }],
        });
        if (result.ok) return conflicts;
      }
    };
    const conflicts = await Promise.all(
      Array.from({ length: 100 }, (_, i) => increment(spaces[i % 2] as Space)),
    );
    t.is(text((await scene.space.get([['p', 'n']]))[0]?.value), '100');
    t.true(
      conflicts.some((n) => n > 0),
      'they did race',
    );
  },

  'readers never see half of a commit': async (t, scene) => {
    const reader = await scene.other();
    const keys = [
      ['p', 'a'],
      ['p', 'b'],
    ] as const;
    const write = async () => {
      for (let i = 0; i < 100; i += 1) {
        await commit(scene.space, {
          put: keys.map((key) => ({ key, value: bytes(String(i)), format: 1 })),
        });
      }
    };
    let writing = true;
    const written = write().finally(() => {
      writing = false;
    });
    const torn: (string | undefined)[][] = [];
    while (writing) {
      const pair = (await reader.get(keys)).map((entry) => text(entry?.value));
      if (pair[0] !== pair[1]) torn.push(pair);
    }
    await written;
    t.deepEqual(torn, []);
  },

  'spaces know nothing of one another': async (t, { store, space }) => {
    const twin = store.space(`${space.name.slice(0, 20)}-x`);
    await commit(space, {
      put: [{ key: ['p', 'a'], value: bytes('mine'), format: 1 }],
      index: [{ index: ['p', 'i'], add: 'm', score: 1 }],
      count: [{ key: ['p', 'n'], add: 1 }],
      outbox: [{ id: 'm', subject: 's', body: bytes('') }],
    });
    await space.hit([{ key: ['p', 'w'], periodMs: 3_600_000, limit: 5 }]);
    await using lease = await space.lease(['p', 'l'], 60_000);
    t.true(lease !== undefined);
    t.deepEqual(await twin.get([['p', 'a']]), [undefined]);
    t.deepEqual(await twin.range(['p', 'i']), []);
    t.deepEqual(await twin.counters([['p', 'n']]), [0]);
    t.is(await twin.outbox.claim({ limit: 1, claimMs: 1_000 }), undefined);
    const [judged] = await twin.hit([{ key: ['p', 'w'], periodMs: 3_600_000, limit: 5, cost: 0 }]);
    t.is(judged?.count, 0);
    await using own = await twin.lease(['p', 'l'], 60_000);
    t.true(own !== undefined);
    t.false((await twin.commit({ check: [(lease as NonNullable<typeof lease>).check] })).ok);
  },

  'one key may be an entry, a counter, an index, a lease and a window at once': async (
    t,
    { space },
  ) => {
    const key = ['p', 'k'] as const;
    await using lease = await space.lease(key, 60_000);
    await commit(space, {
      put: [{ key, value: bytes('v'), format: 1 }],
      index: [{ index: key, add: 'm', score: 1 }],
      count: [{ key, add: 7 }],
    });
    await space.hit([{ key, periodMs: 3_600_000, limit: 5 }]);
    t.is(text((await space.get([key]))[0]?.value), 'v');
    t.deepEqual(await space.counters([key]), [7]);
    t.deepEqual(await space.range(key), [{ member: 'm', score: 1 }]);
    t.true(await lease?.renew());
    await commit(space, { delete: [key] });
    t.deepEqual(await space.get([key]), [undefined]);
    t.deepEqual(await space.counters([key]), [7]);
    t.true(await lease?.renew());
  },

  'what was acknowledged is there after the store was ended and started again': async (
    t,
    scene,
  ) => {
    const { restart } = scene.subject;
    if (restart === undefined) {
      t.true(true, 'this subject does not restart');
      return;
    }
    const { version } = await commit(scene.space, {
      id: 'before',
      put: [{ key: ['p', 'a'], value: bytes('kept'), format: 3 }],
      index: [{ index: ['p', 'i'], add: 'm', score: 2.5 }],
      count: [{ key: ['p', 'n'], add: -4 }],
      outbox: [{ id: 'm1', subject: 's', headers: { a: 'b' }, body: bytes('body') }],
    });
    const before = await scene.space.lease(['p', 'l'], 3_600_000);
    const released = await scene.space.lease(['p', 'released'], 3_600_000);
    await released?.release();
    const space = (await restart.call(scene.subject)).space(scene.space.name);
    const [entry] = await space.get([['p', 'a']]);
    t.is(text(entry?.value), 'kept');
    t.is(entry?.version, version);
    t.deepEqual(await space.range(['p', 'i']), [{ member: 'm', score: 2.5 }]);
    t.deepEqual(await space.counters([['p', 'n']]), [-4]);
    t.is(await space.lease(['p', 'l'], 1_000), undefined, 'the lease is still held');
    t.true((await space.commit({ check: [(before as NonNullable<typeof before>).check] })).ok);
    const next = await space.lease(['p', 'released'], 1_000);
    t.true((next?.token ?? -1) > (released?.token ?? 0), 'tokens go on growing');
    const again = await commit(space, {
      id: 'before',
      count: [{ key: ['p', 'n'], add: -4 }],
    });
    t.is(again.version, version, 'the id of the commit is still known');
    const put = { key: ['p', 'a'], value: bytes(''), format: 3 } as const;
    t.false((await commit(space, { put: [put] })).version === version);
    const claim = await space.outbox.claim({ limit: 10, claimMs: 1_000 });
    t.deepEqual(
      claim?.messages.map(({ body, ...head }) => ({ ...head, body: text(body) })),
      [{ id: 'm1', subject: 's', headers: { a: 'b' }, body: 'body' }],
    );
  },
};
