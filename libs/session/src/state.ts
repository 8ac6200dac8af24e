import { SessionArgumentError } from './errors.ts';
import type { SessionRecord } from './record.ts';

/** How long sessions last, milliseconds. 0 switches a time-out off. */
export interface Timeouts {
  /** Without a request. Not for remembered sessions: they are for those who come back late. Default 15 min. */
  readonly idle: number;
  /** Since the last renewal. Default 1 h. */
  readonly rolling: number;
  /** Since the login; renewals don't move it. Default 24 h. */
  readonly absolute: number;
  /** `rolling` of remembered sessions. Default 7 d. */
  readonly rememberRolling: number;
  /** `absolute` of remembered sessions. Default 30 d. */
  readonly rememberAbsolute: number;
  /** How long a renewed session's old id is still taken. Default 10 s. */
  readonly stale: number;
  /** How old `seen` may get before it is written again. Default 60 s; must be below half of `idle`. */
  readonly touch: number;
}

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

const TIMEOUTS: Timeouts = {
  idle: 15 * MINUTE,
  rolling: 60 * MINUTE,
  absolute: DAY,
  rememberRolling: 7 * DAY,
  rememberAbsolute: 30 * DAY,
  stale: 10_000,
  touch: MINUTE,
};

/** What share of the rolling time-out is spent before a session is renewed. */
const RENEW_AFTER = 0.75;

export type SessionState =
  /** Goes on. `touch`: `seen` should be written again. */
  | { readonly state: 'live'; readonly touch: boolean }
  /** Goes on, and the cookie should be replaced by its successor's: now, or again (it was, and the answer may be lost). */
  | { readonly state: 'renew' }
  | { readonly state: 'expired'; readonly reason: Expiry };

/** `reused`: renewed longer ago than its old id is taken; either a very late tab or a stolen cookie. */
export type Expiry = 'idle' | 'rolling' | 'absolute' | 'reused';

/** The defaults with `given` on top. `SessionArgumentError` for what isn't a time, or a `touch` that `idle` can't bear. */
export function timeouts(given: Partial<Timeouts> = {}): Timeouts {
  const all = { ...TIMEOUTS, ...given };
  for (const [name, value] of Object.entries(all)) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new SessionArgumentError(
        `time-out ${name} is ${value}, must be whole milliseconds, 0 or more`,
      );
    }
  }
  if (all.idle !== 0 && all.touch > all.idle / 2) {
    throw new SessionArgumentError(
      `time-out touch is ${all.touch}, must be at most half of idle, ${all.idle}`,
    );
  }
  return all;
}

/**
 * What is to be done about a session that is used at `now`. A time-out of n ms is over when n ms have passed. A clock that is
 * behind the one that wrote the record counts as no time passed.
 */
export function sessionState(record: SessionRecord, now: number, limits: Timeouts): SessionState {
  const { rolling, absolute } = limitsOf(record, limits);
  const idle = record.remember ? 0 : limits.idle;
  const ended = record.ends !== undefined && now >= record.ends;
  if (ended || over(record.created, now, absolute)) return { state: 'expired', reason: 'absolute' };
  // Its grace was given when it was good: requests of the same moment aren't turned away because it would have ended just after.
  const { superseded } = record;
  if (superseded !== undefined && now < superseded.until) return { state: 'renew' };
  if (over(record.rolled, now, rolling)) return { state: 'expired', reason: 'rolling' };
  if (over(record.seen, now, idle)) return { state: 'expired', reason: 'idle' };
  if (superseded !== undefined) return { state: 'expired', reason: 'reused' };
  // A successor can't outlive the absolute time-out either: near it, renewing gains nothing.
  const last = Math.min(
    absolute === 0 ? Number.POSITIVE_INFINITY : record.created + absolute,
    record.ends ?? Number.POSITIVE_INFINITY,
  );
  const gains = record.rolled + rolling < last;
  if (rolling > 0 && gains && now - record.rolled > rolling * RENEW_AFTER)
    return { state: 'renew' };
  return { state: 'live', touch: idle > 0 && now - record.seen >= limits.touch };
}

/** When the session ends if nothing renews it: the expiry of its record in the store. Undefined: never. */
export function sessionEnd(record: SessionRecord, limits: Timeouts): number | undefined {
  const { rolling, absolute } = limitsOf(record, limits);
  const ends = [
    ...(rolling === 0 ? [] : [record.rolled + rolling]),
    ...(absolute === 0 ? [] : [record.created + absolute]),
    ...(record.ends === undefined ? [] : [record.ends]),
  ];
  return ends.length === 0 ? undefined : Math.min(...ends);
}

function limitsOf({ remember }: SessionRecord, limits: Timeouts) {
  return remember
    ? { rolling: limits.rememberRolling, absolute: limits.rememberAbsolute }
    : { rolling: limits.rolling, absolute: limits.absolute };
}

function over(since: number, now: number, timeout: number): boolean {
  return timeout > 0 && now - since >= timeout;
}
