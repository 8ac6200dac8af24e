import { luaBench } from '@sallyport/lua/bench';
import { testWith } from '../../world/needs.ts';

const test = testWith('lua5.1');

test('the benchmark measures every kernel beside lua5.1, and all engines compute the same', async (t) => {
  const report = await luaBench({
    rounds: 1,
    roundMs: 2,
    signal: AbortSignal.timeout(60_000),
    progress: () => {},
  });
  const beside = (peer: string) =>
    report.rows.filter((row) => row.peer?.name === peer).map((row) => row.name);
  t.deepEqual(beside('lua5.1'), [
    'fib',
    'table',
    'string',
    'closure',
    'pattern',
    'sort',
    'kernels, geometric mean',
  ]);
  for (const row of report.rows) {
    t.is(row.ours.length, 1);
    t.true(
      row.ours.every((sample) => sample > 0),
      row.name,
    );
  }
  t.deepEqual(
    report.rows.filter((row) => row.target !== undefined).map((row) => row.name),
    [
      'kernels, geometric mean',
      'new environment',
      'three host calls',
      'three host calls',
      '1,000 scripts × 3 awaited calls',
    ],
  );
});
