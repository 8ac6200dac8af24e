import type { IssueProblem } from '../issuer/issuer.ts';

const MINUTE = 60_000;
/** After the first, second … failure in a row; the last stays. CAs count failed validations, 5 an hour for a name. */
const USUAL = [1, 5, 15, 60, 180, 360].map((minutes) => minutes * MINUTE);
/** For what isn't the name's fault and ends by itself. */
const PASSING = [10_000, 30_000, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE];
/** A CA's wish beyond this is asked about again. */
const LONGEST = 24 * 60 * MINUTE;

/** How long a name isn't tried after `failures` (from 1) in a row, milliseconds; never less than the CA asked for. */
export function backOffMs(problem: IssueProblem, failures: number): number {
  const passing = problem.reason === 'unreachable' || problem.reason === 'server';
  const ladder = passing ? PASSING : USUAL;
  const usual = ladder[Math.min(failures, ladder.length) - 1] as number;
  return Math.min(Math.max(usual, Math.ceil(problem.retryAfterMs ?? 0)), LONGEST);
}
