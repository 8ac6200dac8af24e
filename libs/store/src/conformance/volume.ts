import type { Key } from '../ports.ts';
import { commit } from './commits.ts';
import { bytes, type Cases, text } from './subject.ts';

const RECORDS = 100_000;
const PER_COMMIT = 400;
const PARTITIONS = 50;

const partition = (n: number) => `p${n % PARTITIONS}`;
const keyOf = (n: number): Key => [partition(n), `record-${n}`];

export const volume: Cases = {
  '100,000 records are found one by one, and their indexes in order': async (t, { space }) => {
    // Commit c holds records of one partition only: n ≡ c modulo the number of partitions.
    const commits = Array.from({ length: RECORDS / PER_COMMIT }, (_, c) => {
      const round = Math.floor(c / PARTITIONS) * PER_COMMIT;
      return Array.from(
        { length: PER_COMMIT },
        (_, i) => (c % PARTITIONS) + PARTITIONS * (round + i),
      );
    });
    for (let c = 0; c < commits.length; c += 10) {
      await Promise.all(
        commits.slice(c, c + 10).map((numbers) =>
          commit(space, {
            put: numbers.map((n) => ({ key: keyOf(n), value: bytes(String(n)), format: 1 })),
            index: numbers.map((n) => ({
              index: [partition(n), 'all'],
              add: `record-${n}`,
              score: -n,
            })),
          }),
        ),
      );
    }
    const asked = Array.from({ length: 1_000 }, (_, i) => (i * 7_919) % RECORDS);
    const found = await space.get(asked.map(keyOf));
    t.deepEqual(
      found.map((entry) => text(entry?.value)),
      asked.map(String),
    );
    t.deepEqual(await space.get([['p0', `record-${RECORDS}`]]), [undefined]);

    const each = RECORDS / PARTITIONS;
    const all = await space.range(['p7', 'all'], { limit: 10_000 });
    t.is(all.length, each);
    t.deepEqual(
      all.map(({ member }) => member),
      Array.from({ length: each }, (_, i) => `record-${7 + PARTITIONS * (each - 1 - i)}`),
    );
    const middle = all[1_000];
    t.deepEqual(
      await space.range(['p7', 'all'], { limit: 5, ...(middle && { after: middle }) }),
      all.slice(1_001, 1_006),
    );
  },
};
