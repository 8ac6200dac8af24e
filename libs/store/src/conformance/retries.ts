import type { Changes, Version } from '../ports.ts';
import { commit } from './commits.ts';
import { bytes, type Cases, text } from './subject.ts';

const key = ['p', 'a'] as const;

export const retries: Cases = {
  'a commit asked again under its id answers as it did and does nothing again': async (
    t,
    scene,
  ) => {
    const { space } = scene;
    const changes: Changes = {
      id: 'retry-1',
      check: [{ key, version: undefined }],
      put: [{ key, value: bytes('first'), format: 1 }],
      count: [
        { key: ['p', 'n'], add: 1 },
        { key: ['p', 'm'], add: -10 },
      ],
      index: [{ index: ['p', 'i'], add: 'm', score: 1 }],
      outbox: [{ id: 'm', subject: 's', body: bytes('') }],
    };
    const first = await commit(space, changes);
    t.deepEqual(await commit(space, changes), first, 'its check would fail by now');
    // Another commit in between doesn't make it new.
    await commit(space, {
      put: [{ key, value: bytes('second'), format: 1 }],
      count: [{ key: ['p', 'n'], add: 1 }],
      index: [{ index: ['p', 'i'], remove: 'm' }],
    });
    t.deepEqual(await commit(await scene.other(), changes), first);
    t.is(text((await space.get([key]))[0]?.value), 'second');
    t.deepEqual(
      await space.counters([
        ['p', 'n'],
        ['p', 'm'],
      ]),
      [2, -10],
    );
    t.deepEqual(await space.range(['p', 'i']), []);
    const claim = await space.outbox.claim({ limit: 10, claimMs: 60_000 });
    t.is(claim?.messages.length, 1);
  },

  'the same commit sent many times at once is applied once': async (t, scene) => {
    const spaces = [scene.space, await scene.other()] as const;
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        commit(spaces[i % 2 === 0 ? 0 : 1], { id: 'x', count: [{ key, add: 1 }] }),
      ),
    );
    t.deepEqual(await scene.space.counters([key]), [1]);
    t.is(new Set(results.map(({ version }) => version)).size, 1);
    t.true(results.every(({ counters }) => counters[0] === 1));
  },

  'a conflict is not remembered: the same id may succeed later': async (t, { space }) => {
    const changes: Changes = {
      id: 'x',
      check: [{ key, version: undefined }],
      count: [{ key, add: 1 }],
    };
    await commit(space, { put: [{ key, value: bytes(''), format: 1 }] });
    t.false((await space.commit(changes)).ok);
    await commit(space, { delete: [key] });
    t.true((await space.commit(changes)).ok);
    t.deepEqual(await space.counters([key]), [1]);
  },

  'ids of different partitions and spaces have nothing to do with each other': async (
    t,
    { store, space },
  ) => {
    const twin = store.space(`${space.name.slice(0, 20)}-z`);
    const versions: Version[] = [];
    for (const [where, partition] of [
      [space, 'p'],
      [space, 'q'],
      [twin, 'p'],
    ] as const) {
      const { version } = await commit(where, {
        id: 'same\0id',
        count: [{ key: [partition, 'n'], add: 1 }],
      });
      versions.push(version);
    }
    t.is(new Set(versions).size, 3);
    t.deepEqual(
      await space.counters([
        ['p', 'n'],
        ['q', 'n'],
      ]),
      [1, 1],
    );
    t.deepEqual(await twin.counters([['p', 'n']]), [1]);
  },

  'an id is known for ten minutes': async (t, { space, exactTime, pass }) => {
    const changes: Changes = { id: 'x', count: [{ key, add: 1 }] };
    await commit(space, changes);
    if (exactTime) await pass(599_999);
    t.deepEqual([...(await commit(space, changes)).counters], [1]);
    if (exactTime) {
      await pass(1);
      t.deepEqual([...(await commit(space, changes)).counters], [2]);
    }
  },

  'commits without an id are never taken for one another': async (t, { space }) => {
    for (let i = 1; i <= 5; i += 1) {
      t.deepEqual([...(await commit(space, { count: [{ key, add: 1 }] })).counters], [i]);
    }
  },
};
