import { LuaEnded, lua51 } from '../oracle/lua51.ts';
import { ours } from '../oracle/ours.ts';
import { normalised, type Outcome } from '../oracle/outcome.ts';

/** What the generated programs print when calls are deep. */
const DEEP = '<deep>\n';

/** A program on which the two engines disagree. */
export interface Disagreement {
  /** Its place among the programs given. */
  readonly at: number;
  readonly expected: Outcome;
  readonly actual: Outcome;
}

/** lua5.1 wasn't let finish, so that its output is only a beginning. */
export function unfinished({ expected }: Disagreement): boolean {
  return expected.error.endsWith('too many instructions');
}

/** Where our engine and lua5.1 say different things about the same programs. `partly` is told of each that is compared only to where it recurses deeply. */
export async function disagreements(
  programs: readonly string[],
  timeoutMs = 60_000,
  partly: () => void = () => {},
): Promise<Disagreement[]> {
  const outcomes = await lua51(programs, { instructions: 5_000_000, timeoutMs });
  const found: Disagreement[] = [];
  for (const [at, one] of outcomes.entries()) {
    const [other] = await ours([programs[at] as string]);
    const expected = overflows(zeros(normalised(one)));
    const actual = overflows(zeros(normalised(other as Outcome)));
    if (same(expected, actual)) continue;
    if (recursesDeeply(expected, actual)) partly();
    else found.push({ at, expected, actual });
  }
  return found;
}

/** PUC folds constants, and then 0 and -0 of one function are the same constant: whichever came first. */
function zeros(outcome: Outcome): Outcome {
  return { ...outcome, output: outcome.output.replace(/-0(?![\d.x])/g, '0') };
}

/** One class of error, whichever stack it is that PUC has no more room on. */
function overflows(outcome: Outcome): Outcome {
  const plain = (text: string) => text.replaceAll('C stack overflow', 'stack overflow');
  return { ...outcome, output: plain(outcome.output), error: plain(outcome.error) };
}

/**
 * Whether they say the same until calls are deep. How deep they may go through metamethods and library functions is up to the
 * implementation: in PUC 200 levels of C, here `maxDepth`.
 */
function recursesDeeply(expected: Outcome, actual: Outcome): boolean {
  const deep = expected.output.indexOf(DEEP);
  if (deep >= 0) return actual.output.replace(DEEP, '').startsWith(expected.output.slice(0, deep));
  const overflow = expected.output.indexOf('stack overflow');
  if (overflow < 0 && !expected.error.includes('stack overflow')) return false;
  const before =
    overflow < 0
      ? expected.output
      : expected.output.slice(0, expected.output.lastIndexOf('\n', overflow) + 1);
  return (
    actual.output.startsWith(before) &&
    /stack overflow|out of steps/.test(actual.output + actual.error)
  );
}

function same(a: Outcome, b: Outcome): boolean {
  const output = (outcome: Outcome) => outcome.output.replace(DEEP, '');
  return a.status === b.status && output(a) === output(b) && a.error === b.error;
}

/** The disagreement as a person wants to read it. */
export function told(program: string, { expected, actual }: Disagreement): string {
  const show = (outcome: Outcome) =>
    `${outcome.status}${outcome.error === '' ? '' : ` ${JSON.stringify(outcome.error)}`}\n${outcome.output}`;
  return `--- program\n${program}\n--- lua5.1: ${show(expected)}\n--- ours: ${show(actual)}`;
}

/** Whether the engines disagree on a program that was cut smaller; not if that took away what ends it. */
export async function stillDisagree(program: string): Promise<boolean> {
  try {
    const [found] = await disagreements([program], 2000);
    return found !== undefined && !unfinished(found);
  } catch (error) {
    if (error instanceof LuaEnded) return false;
    throw error;
  }
}
