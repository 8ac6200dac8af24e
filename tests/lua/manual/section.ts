import type { IoOptions } from '@sallyport/lua';
import { testWith } from '../../world/needs.ts';
import { lua51 } from '../oracle/lua51.ts';
import { ours } from '../oracle/ours.ts';
import { normalised } from '../oracle/outcome.ts';

const test = testWith('lua5.1');

/**
 * A test of a section of the Lua 5.1 manual: every line of `lines` is a program, and what it prints and the error
 * it ends with must be what lua5.1 gives. `= a, b` stands for `print(a, b)`; ` ⏎ ` is a line break. `io`: what our engine may do with files.
 */
export function section(title: string, lines: string, io: IoOptions = {}): void {
  const programs = lines
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('--'))
    .map((line) =>
      (line.startsWith('=') ? `print(${line.slice(1)} ⏎ )` : line).replace(/ ?⏎ ?/g, '\n'),
    );
  test(title, async (t) => {
    const expected = await lua51(programs);
    const actual = await ours(programs, io);
    t.plan(programs.length);
    for (const [i, program] of programs.entries()) {
      t.deepEqual(
        normalised(actual[i] as (typeof actual)[number]),
        normalised(expected[i] as (typeof expected)[number]),
        program,
      );
    }
  });
}
