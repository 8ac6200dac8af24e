import { StoreArgumentError } from './errors.ts';
import { checkKey, encodeKey, show } from './key.ts';
import type { Key, Member, RangeQuery, Window } from './ports.ts';
import type { FullWindow } from './windows.ts';

/** Most keys in one `get` or `counters`, most windows in one `hit`, most changes in one commit. */
const MAX_BATCH = 1_000;
/** Most bytes of UTF-8 in a member of an index, in the id of a commit or of a message, and in a subject. */
const MAX_NAME_BYTES = 512;
/** Longest time to live and longest window: a hundred years. */
const MAX_MS = 100 * 365 * 86_400_000;
/** Largest limit and cost of a window. */
const MAX_COUNT = 1_000_000_000;

export function checkSpaceName(name: string): void {
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(name)) {
    throw new StoreArgumentError(
      `space name ${show(name)} isn't 1 to 32 lower-case letters, digits and hyphens`,
    );
  }
}

/** Keys of one read. */
export function checkKeys(keys: readonly Key[]): void {
  checkBatch(keys.length, 'keys');
  for (const key of keys) checkKey(key);
}

export function checkBatch(length: number, what: string): void {
  if (length > MAX_BATCH) {
    throw new StoreArgumentError(`${length} ${what} in one call, the most allowed is ${MAX_BATCH}`);
  }
}

/** A time to live, in whole milliseconds. */
export function checkTtl(ttlMs: number | undefined, what = 'ttlMs'): void {
  if (ttlMs !== undefined) checkWhole(ttlMs, what, 1, MAX_MS);
}

/** A whole number within bounds, both inclusive. */
export function checkWhole(value: number, what: string, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new StoreArgumentError(`${what} ${show(value)} isn't a whole number, ${min} to ${max}`);
  }
}

/** A member of an index, or a name that somebody else made: 1 to 512 bytes of well-formed Unicode. */
export function checkName(name: string, what: string): void {
  if (typeof name !== 'string' || name === '') {
    throw new StoreArgumentError(`${what} ${show(name)} is empty or not a string`);
  }
  if (!name.isWellFormed()) {
    throw new StoreArgumentError(`${what} ${show(name)} has a lone surrogate in it`);
  }
  const bytes = Buffer.byteLength(name);
  if (bytes > MAX_NAME_BYTES) {
    throw new StoreArgumentError(
      `${what} ${show(name)} has ${bytes} bytes, the most allowed is ${MAX_NAME_BYTES}`,
    );
  }
}

export function checkScore(score: number, what = 'score'): void {
  if (typeof score !== 'number' || !Number.isFinite(score)) {
    throw new StoreArgumentError(`${what} ${String(score)} isn't a finite number`);
  }
}

/** A range with its defaults filled in. `min` and `max` may be infinite here: no bound. */
export interface FullRange {
  readonly min: number;
  readonly max: number;
  readonly after: Member | undefined;
  readonly limit: number;
  readonly reverse: boolean;
}

export function checkRange(index: Key, query: RangeQuery = {}): FullRange {
  checkKey(index);
  const { min, max, after, limit = 1_000, reverse = false } = query;
  if (min !== undefined) checkScore(min, 'min');
  if (max !== undefined) checkScore(max, 'max');
  if (after !== undefined) {
    checkName(after.member, 'member of after');
    checkScore(after.score, 'score of after');
  }
  checkWhole(limit, 'limit', 1, 10_000);
  return {
    min: min ?? Number.NEGATIVE_INFINITY,
    max: max ?? Number.POSITIVE_INFINITY,
    after,
    limit,
    reverse,
  };
}

export function checkWindows(windows: readonly Window[]): FullWindow[] {
  checkBatch(windows.length, 'windows');
  const seen = new Set<string>();
  return windows.map(({ key, periodMs, limit, cost = 1, count = 'always' }) => {
    const id = `${encodeKey(key)}:${periodMs}`;
    checkWhole(periodMs, 'periodMs', 1, MAX_MS);
    checkWhole(limit, 'limit of a window', 0, MAX_COUNT);
    checkWhole(cost, 'cost', 0, MAX_COUNT);
    if (count !== 'always' && count !== 'allowed') {
      throw new StoreArgumentError(`count ${show(count)} is neither "always" nor "allowed"`);
    }
    if (seen.has(id)) {
      throw new StoreArgumentError(`window ${show(key)} of ${periodMs} ms is named twice`);
    }
    seen.add(id);
    return { key, periodMs, limit, cost, count };
  });
}

export function checkLease(key: Key, ttlMs: number): void {
  checkKey(key);
  checkWhole(ttlMs, 'ttlMs of a lease', 1, MAX_MS);
}

export function checkClaim(options: { readonly limit: number; readonly claimMs: number }): void {
  checkWhole(options.limit, 'limit of a claim', 1, MAX_BATCH);
  checkWhole(options.claimMs, 'claimMs', 1, MAX_MS);
}
