import type { Judgement, Window } from './ports.ts';

/** A window with its defaults filled in. */
export type FullWindow = Required<Window>;

/** What a window holds after a call, as the store read it. */
export interface WindowLoad {
  /** Counted in the fixed window that is running, this hit included if it was counted. */
  readonly current: number;
  /** Counted in the one before. */
  readonly previous: number;
  /** Milliseconds since the running one began: store time modulo the period. */
  readonly elapsedMs: number;
  /** Whether this hit is in `current`. */
  readonly counted: boolean;
}

/**
 * The load of a sliding window. Adapters that judge elsewhere (a Lua script) write the same expression in the same
 * order: both sides compute in IEEE 754 doubles, so they agree to the last bit.
 */
export function slidingCount(
  current: number,
  previous: number,
  elapsedMs: number,
  periodMs: number,
): number {
  return current + (previous * (periodMs - elapsedMs)) / periodMs;
}

/** The answer to a hit, from what the window holds after it. */
export function judge(window: FullWindow, load: WindowLoad): Judgement {
  const { current, previous, elapsedMs, counted } = load;
  const { periodMs, limit, cost } = window;
  const judged = slidingCount(current + (counted ? 0 : cost), previous, elapsedMs, periodMs);
  const allowed = judged <= limit;
  return {
    allowed,
    count: Math.floor(slidingCount(current, previous, elapsedMs, periodMs)),
    retryAfterMs: allowed ? 0 : retryAfter(window, load),
  };
}

/** The smallest whole number of milliseconds after which `cost` fits, if nothing else is counted until then. */
function retryAfter({ periodMs, limit, cost }: FullWindow, load: WindowLoad): number {
  if (cost > limit) return Number.POSITIVE_INFINITY;
  const { current, previous, elapsedMs } = load;
  const left = periodMs - elapsedMs;
  // Within the running window, as the previous one slides out of view.
  const within = firstFit(current + cost, previous, elapsedMs + 1, periodMs, limit);
  if (within !== undefined) return within - elapsedMs;
  // Within the next, where the running one is the previous.
  const next = firstFit(cost, current, 0, periodMs, limit);
  return next === undefined ? left + periodMs : left + next;
}

/** The first whole millisecond of a window, from `start`, at which its load is within the limit. */
function firstFit(
  current: number,
  previous: number,
  start: number,
  periodMs: number,
  limit: number,
): number | undefined {
  // The load only falls: search by halves, with the expression that judges, so that no rounding can disagree.
  const fits = (elapsed: number) => slidingCount(current, previous, elapsed, periodMs) <= limit;
  let [low, high] = [start, periodMs];
  if (low >= periodMs || !fits(periodMs - 1)) return undefined;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
