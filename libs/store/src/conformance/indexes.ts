import type { Member, RangeQuery, Space } from '../ports.ts';
import { commit } from './commits.ts';
import type { Cases } from './subject.ts';

const index = ['p', 'i'] as const;
const names = (members: readonly Member[]) => members.map(({ member }) => member);

async function fill(
  space: Space,
  members: readonly (readonly [member: string, score: number, ttlMs?: number | undefined])[],
) {
  await commit(space, {
    index: members.map(([add, score, ttlMs]) => ({
      index,
      add,
      score,
      ...(ttlMs === undefined ? {} : { ttlMs }),
    })),
  });
}

/** All members, page by page. */
async function pages(space: Space, query: RangeQuery): Promise<Member[]> {
  const found: Member[] = [];
  for (;;) {
    const after = found.at(-1);
    const page = await space.range(index, after === undefined ? query : { ...query, after });
    if (page.length === 0) return found;
    found.push(...page);
  }
}

export const indexes: Cases = {
  'a range is ordered by score, then by the bytes of the member, in both directions': async (
    t,
    { space },
  ) => {
    // By UTF-16 units U+1F600 comes before U+FF5E, by bytes behind it; "b\0" comes right behind "b".
    const ordered = ['B', 'a', 'b', 'b\0', 'b\0c', 'b ', 'bb', 'é', '～', '😀'];
    await fill(
      space,
      ordered.toSorted((x, y) => (x + x < y ? 1 : -1)).map((member) => [member, 7] as const),
    );
    await fill(space, [
      ['z', -1.5],
      ['A', 1e300],
      ['tiny', 5e-324],
      ['zero', -0],
    ]);
    const all = ['z', 'zero', 'tiny', ...ordered, 'A'];
    const found = await space.range(index);
    t.deepEqual(names(found), all);
    t.is(found[0]?.score, -1.5);
    t.true(Object.is(found[1]?.score, 0), 'minus zero is zero');
    t.is(found[2]?.score, 5e-324);
    t.is(found.at(-1)?.score, 1e300);
    t.deepEqual(names(await space.range(index, { reverse: true })), all.toReversed());
    t.deepEqual(await space.range(['p', 'other']), []);
  },

  'bounds of the score are inclusive, and the limit is kept': async (t, { space }) => {
    await fill(space, [
      ['a', 1],
      ['b', 2],
      ['c', 2],
      ['d', 3],
    ]);
    t.deepEqual(names(await space.range(index, { min: 2 })), ['b', 'c', 'd']);
    t.deepEqual(names(await space.range(index, { max: 2 })), ['a', 'b', 'c']);
    t.deepEqual(names(await space.range(index, { min: 2, max: 2 })), ['b', 'c']);
    t.deepEqual(names(await space.range(index, { min: 2, max: 2, reverse: true })), ['c', 'b']);
    t.deepEqual(names(await space.range(index, { min: 2.1, max: 2.9 })), []);
    t.deepEqual(names(await space.range(index, { min: 3, max: 1 })), []);
    t.deepEqual(names(await space.range(index, { limit: 3 })), ['a', 'b', 'c']);
    t.deepEqual(names(await space.range(index, { limit: 3, reverse: true })), ['d', 'c', 'b']);
  },

  'pages follow one another without gap or double, in both directions, over members that ended':
    async (t, { space, short, pass }) => {
      const live: string[] = [];
      for (let i = 0; i < 60; i += 1) {
        const member = `m${String(i).padStart(2, '0')}`;
        const ends = i % 3 === 1 || (i >= 20 && i < 30);
        if (!ends) live.push(member);
        await fill(space, [[member, Math.floor(i / 7), ends ? short : undefined]]);
      }
      await pass(short);
      for (const limit of [1, 4, 7]) {
        t.deepEqual(names(await pages(space, { limit })), live);
        t.deepEqual(names(await pages(space, { limit, reverse: true })), live.toReversed());
      }
      t.deepEqual(
        names(await pages(space, { limit: 4, min: 2, max: 5 })),
        live.filter((m) => Number(m.slice(1)) >= 14 && Number(m.slice(1)) < 42),
      );
      t.deepEqual(
        names(await pages(space, { limit: 4, min: 2, max: 5, reverse: true })),
        live.filter((m) => Number(m.slice(1)) >= 14 && Number(m.slice(1)) < 42).toReversed(),
      );
    },

  'a page goes on behind a member that is gone, and behind a place where none ever was': async (
    t,
    { space },
  ) => {
    await fill(space, [
      ['a', 1],
      ['b', 2],
      ['c', 2],
      ['d', 3],
    ]);
    await commit(space, { index: [{ index, remove: 'b' }] });
    const after = { member: 'b', score: 2 };
    t.deepEqual(names(await space.range(index, { after })), ['c', 'd']);
    t.deepEqual(names(await space.range(index, { after, reverse: true })), ['a']);
    t.deepEqual(names(await space.range(index, { after: { member: 'x', score: 2 } })), ['d']);
    t.deepEqual(names(await space.range(index, { after: { member: 'x', score: 0 }, min: 2 })), [
      'c',
      'd',
    ]);
    t.deepEqual(
      names(await space.range(index, { after: { member: 'x', score: 9 }, max: 2, reverse: true })),
      ['c', 'a'],
    );
    t.deepEqual(await space.range(index, { after: { member: 'd', score: 3 } }), []);
  },

  'adding a member again changes its score and its time to live': async (
    t,
    { space, short, pass },
  ) => {
    await fill(space, [
      ['stays', 1, short],
      ['ends', 1],
      ['moves', 1],
    ]);
    await fill(space, [
      ['stays', 1],
      ['ends', 1, short],
      ['moves', 9],
    ]);
    t.deepEqual(await space.range(index, { min: 9 }), [{ member: 'moves', score: 9 }]);
    await pass(short);
    t.deepEqual(await space.range(index), [
      { member: 'stays', score: 1 },
      { member: 'moves', score: 9 },
    ]);
    await fill(space, [['ends', 3]]);
    t.deepEqual(names(await space.range(index)), ['stays', 'ends', 'moves']);
  },

  'removing a member that is not there is no mistake, and an emptied index is empty': async (
    t,
    { space },
  ) => {
    await fill(space, [['a', 1]]);
    await commit(space, {
      index: [
        { index, remove: 'a' },
        { index, remove: 'nobody' },
        { index: ['p', 'none'], remove: 'nobody' },
      ],
    });
    t.deepEqual(await space.range(index), []);
  },

  'members keep their text: any Unicode, NUL, and 512 bytes of it': async (t, { space }) => {
    const members = ['\0', 'a\0b', '\u{10ffff}', 'x'.repeat(512), '{}:*?[]', '%2F', ' '];
    await fill(
      space,
      members.map((member, i) => [member, i] as const),
    );
    t.deepEqual(names(await space.range(index)), members);
  },
};
