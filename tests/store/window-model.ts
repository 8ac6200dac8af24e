import type { Judgement, Space, Window } from '@sallyport/store';
import type { Asserter, Subject } from '@sallyport/store/conformance';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';

/** What a window of the model holds: exact sums of the fixed window `slot` and of the one before. */
interface Held {
  readonly slot: number;
  readonly current: number;
  readonly previous: number;
}
type Windows = readonly Held[];

interface Hit {
  /** Which of the partition's windows, by number. */
  readonly window: number;
  readonly limit: number;
  readonly cost: number;
  readonly count: 'always' | 'allowed';
}
type Step = { readonly passMs: number } | { readonly hits: readonly (readonly Hit[])[] };

const PARTITIONS = ['p', 'q'] as const;

/** The window as it stands at `now`. */
function at({ slot, current, previous }: Held, now: number, periodMs: number): Held {
  const running = Math.floor(now / periodMs);
  if (running === slot) return { slot, current, previous };
  return { slot: running, current: 0, previous: running === slot + 1 ? current : 0 };
}

/** The load times the period: whole numbers only, so there is nothing to round. */
function load({ current, previous }: Held, now: number, periodMs: number): number {
  return current * periodMs + previous * (periodMs - (now % periodMs));
}

/** The wait by trying every millisecond. */
function waitFor(held: Held, hit: Hit, now: number, periodMs: number): number {
  for (let wait = 1; wait <= 2 * periodMs; wait += 1) {
    const then = at(held, now + wait, periodMs);
    const with_ = { ...then, current: then.current + hit.cost };
    if (load(with_, now + wait, periodMs) <= hit.limit * periodMs) return wait;
  }
  return Number.POSITIVE_INFINITY;
}

/** What the model answers to `hits` on one partition at `now`, and what it holds then. */
function model(windows: Windows, periods: readonly number[], hits: readonly Hit[], now: number) {
  const held = windows.map((window, i) => at(window, now, periods[i] as number));
  const fits = hits.map((hit) => {
    const window = held[hit.window] as Held;
    const period = periods[hit.window] as number;
    const counted = { ...window, current: window.current + hit.cost };
    return load(counted, now, period) <= hit.limit * period;
  });
  const all = fits.every(Boolean);
  for (const { window, cost, count } of hits) {
    const before = held[window] as Held;
    if (all || count === 'always') {
      held[window] = { ...before, current: before.current + cost };
    }
  }
  const judgements = hits.map((hit, i): Judgement => {
    const window = held[hit.window] as Held;
    const period = periods[hit.window] as number;
    return {
      allowed: fits[i] as boolean,
      count: Math.floor(load(window, now, period) / period),
      retryAfterMs: fits[i] ? 0 : waitFor(window, hit, now, period),
    };
  });
  return { judgements, held };
}

/**
 * Runs random hits against the store and against the model. Where the store's time can't be stopped, a hit happened
 * at some millisecond between a look at the time before and one after: every state that fits the answers is kept, and
 * the property fails when none is left.
 */
export function windowProperties(
  test: (title: string, body: (t: Asserter) => Promise<void>) => void,
  { name, open }: { readonly name: string; open(): Promise<Subject> },
): void {
  test(`${name}: windows count and judge as a model of exact sums does, at every moment`, async (t) => {
    await using subject = await open();
    const { store, advanceTime } = subject;
    const exact = advanceTime !== undefined;
    const pass = async (ms: number) => {
      if (exact) return advanceTime.call(subject, ms);
      const end = (await store.now()) + ms;
      while ((await store.now()) < end);
    };
    let space = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: exact ? 1 : 30, max: 150 }), { minLength: 3, maxLength: 3 }),
        fc.array(stepOf(exact ? 300 : 60), { minLength: 1, maxLength: exact ? 40 : 12 }),
        async (periods, steps) => {
          space += 1;
          const fresh = store.space(`w-${process.pid}-${space}-${Date.now().toString(36)}`);
          await follow(fresh, () => store.now(), pass, periods, steps);
        },
      ),
      exact ? runs(150) : runs(6),
    );
    t.true(space > 0);
  });
}

function stepOf(maxPassMs: number): fc.Arbitrary<Step> {
  const hit = fc.record({
    window: fc.nat({ max: 2 }),
    limit: fc.nat({ max: 6 }),
    cost: fc.nat({ max: 3 }),
    count: fc.constantFrom('always' as const, 'allowed' as const),
  });
  const hits = fc.uniqueArray(hit, { selector: ({ window }) => window, maxLength: 3 });
  return fc.oneof(
    { weight: 3, arbitrary: fc.record({ hits: fc.tuple(hits, hits) }) },
    { weight: 1, arbitrary: fc.record({ passMs: fc.nat({ max: maxPassMs }) }) },
  );
}

async function follow(
  space: Space,
  now: () => Promise<number>,
  pass: (ms: number) => Promise<void>,
  periods: readonly number[],
  steps: readonly Step[],
): Promise<void> {
  const empty: Windows = periods.map(() => ({ slot: 0, current: 0, previous: 0 }));
  const possible: Windows[][] = PARTITIONS.map(() => [empty]);
  for (const step of steps) {
    if ('passMs' in step) {
      await pass(step.passMs);
      continue;
    }
    const asked = step.hits.flatMap((hits, p) =>
      hits.map(({ window, ...rest }): Window => {
        const key = [PARTITIONS[p] as string, `w${window}`] as const;
        return { key, periodMs: periods[window] as number, ...rest };
      }),
    );
    const before = await now();
    const judged = await space.hit(asked);
    const after = await now();
    let from = 0;
    for (const [p, hits] of step.hits.entries()) {
      const answers = JSON.stringify(judged.slice(from, from + hits.length));
      from += hits.length;
      const fitting = new Map<string, Windows>();
      for (const windows of possible[p] as Windows[]) {
        for (let moment = before; moment <= after; moment += 1) {
          const { judgements, held } = model(windows, periods, hits, moment);
          if (JSON.stringify(judgements) === answers) fitting.set(JSON.stringify(held), held);
        }
      }
      if (fitting.size === 0) {
        const wanted = model((possible[p] as Windows[])[0] as Windows, periods, hits, before);
        throw new Error(
          `at ${before} to ${after}: ${JSON.stringify(hits)} was answered ${answers}, the model says ` +
            JSON.stringify(wanted.judgements),
        );
      }
      possible[p] = [...fitting.values()];
    }
  }
}
