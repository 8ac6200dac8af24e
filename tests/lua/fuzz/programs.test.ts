import { runs } from '../../world/deep.ts';
import { testWith } from '../../world/needs.ts';
import { disagreements, stillDisagree, told, unfinished } from './compare.ts';
import { generate, sourceOf } from './generate.ts';
import { startSeed } from './random.ts';
import { shrink } from './tree.ts';

const test = testWith('lua5.1');

test('random programs print and end as in lua5.1', async (t) => {
  const { numRuns } = runs(2000, 100_000);
  const start = startSeed();
  t.log(`seeds ${start} to ${start + numRuns - 1}`);
  t.timeout(deadline(numRuns));
  let endless = 0;
  let deep = 0;
  for (let done = 0; done < numRuns; done += BATCH) {
    const seeds = Array.from(
      { length: Math.min(BATCH, numRuns - done) },
      (_, i) => start + done + i,
    );
    const programs = seeds.map((seed) => sourceOf(generate(seed)));
    const found = await disagreements(programs, 60_000, () => {
      deep += 1;
    });
    endless += found.filter(unfinished).length;
    const first = found.find((one) => !unfinished(one));
    if (first === undefined) {
      t.pass();
      continue;
    }
    const seed = seeds[first.at] as number;
    const small = await shrink(generate(seed), (candidate) => stillDisagree(sourceOf(candidate)));
    const [again = first] = await disagreements([sourceOf(small)]);
    t.fail(`SALLYPORT_SEED=${seed}\n${told(sourceOf(small), again)}`);
    return;
  }
  t.log(
    `${numRuns} programs, ${endless} not compared as they took lua5.1 too long, ${deep} only until they recursed deeply`,
  );
  // They are made to end by themselves, most of them without deep recursion.
  t.true(endless + deep <= numRuns / 1000);
});

const BATCH = 250;

function deadline(numRuns: number): number {
  return 60_000 + numRuns * 20;
}
