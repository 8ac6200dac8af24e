import { commit } from './commits.ts';
import { bytes, type Cases, text } from './subject.ts';

const n = ['p', 'n'] as const;

export const counters: Cases = {
  'counters begin at 0, add up and answer in the order of the changes': async (t, { space }) => {
    t.deepEqual(await space.counters([n, ['q', 'n']]), [0, 0]);
    const first = await commit(space, {
      count: [
        { key: n, add: 3 },
        { key: ['p', 'm'], add: -2 },
      ],
    });
    t.deepEqual([...first.counters], [3, -2]);
    const second = await commit(space, {
      count: [
        { key: ['p', 'm'], add: 0 },
        { key: n, add: -1 },
      ],
    });
    t.deepEqual([...second.counters], [-2, 2]);
    t.deepEqual(await space.counters([['p', 'm'], n, ['x', 'y'], n]), [-2, 2, 0, 2]);
    t.deepEqual(await space.counters([]), []);
  },

  'increments of two connections lose none': async (t, scene) => {
    const spaces = [scene.space, await scene.other()];
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        commit(spaces[i % 2] as typeof scene.space, { count: [{ key: n, add: 1 }] }),
      ),
    );
    t.deepEqual(await scene.space.counters([n]), [100]);
    t.is(new Set(results.map((result) => result.counters[0])).size, 100, 'each saw its own value');
  },

  'a counter reaches ±(2^53 − 1) and no further: a commit that would pass it applies nothing':
    async (t, { space }) => {
      const max = Number.MAX_SAFE_INTEGER;
      const [up, down] = [
        ['p', 'up'],
        ['p', 'down'],
      ] as const;
      const { version } = await commit(space, {
        put: [{ key: ['p', 'a'], value: bytes('old'), format: 1 }],
        count: [
          { key: up, add: max },
          { key: down, add: -max },
        ],
      });
      for (const [key, add] of [
        [up, 1],
        [up, max],
        [down, -1],
        [down, -max],
      ] as const) {
        await t.throwsAsync(
          () =>
            space.commit({
              id: `${key[1]}${add}`,
              put: [{ key: ['p', 'a'], value: bytes('new'), format: 1 }],
              index: [{ index: ['p', 'i'], add: 'm', score: 1 }],
              count: [
                { key: n, add: 1 },
                { key, add },
              ],
              outbox: [{ id: 'm', subject: 's', body: bytes('') }],
            }),
          { code: 'SP_ERR_STORE_COUNTER_RANGE' },
        );
      }
      t.deepEqual(await space.counters([up, down, n]), [max, -max, 0]);
      const [a] = await space.get([['p', 'a']]);
      t.is(text(a?.value), 'old');
      t.is(a?.version, version);
      t.deepEqual(await space.range(['p', 'i']), []);
      t.is(await space.outbox.claim({ limit: 1, claimMs: 1_000 }), undefined);
      await commit(space, { count: [{ key: up, add: -max }] });
      t.deepEqual(await space.counters([up]), [0]);
    },

  'a time to live given with a change restarts; a change without one leaves the expiry': async (
    t,
    { space, short, pass },
  ) => {
    const half = Math.ceil(short / 2);
    const [restarted, left, forever] = [
      ['p', 'restarted'],
      ['p', 'left'],
      ['p', 'forever'],
    ] as const;
    await commit(space, {
      count: [
        { key: restarted, add: 1, ttlMs: short },
        { key: left, add: 1, ttlMs: short },
        { key: forever, add: 1 },
      ],
    });
    await pass(half);
    await commit(space, {
      count: [
        { key: restarted, add: 1, ttlMs: short * 10 },
        { key: left, add: 1 },
        { key: forever, add: 1 },
      ],
    });
    await pass(half);
    t.deepEqual(await space.counters([restarted, left, forever]), [2, 0, 2]);
    const { counters } = await commit(space, {
      count: [
        { key: left, add: 5 },
        { key: forever, add: 1, ttlMs: short },
      ],
    });
    t.deepEqual([...counters], [5, 3], 'an ended counter begins at 0');
    await pass(short);
    t.deepEqual(await space.counters([left, forever]), [5, 0], 'and has no expiry of its past');
  },
};
