import { UsageError } from '../command.ts';

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Where a reader of events begins, as people say it: `new`, `all`, `15m` ago, a time. As the operator API takes it. */
export function startingPoint(text: string, now: number): string {
  if (text === 'new' || text === 'all') return text;
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (amount !== undefined) {
    const ago = Number(amount) * UNITS[unit as keyof typeof UNITS];
    return new Date(now - ago).toISOString();
  }
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new UsageError(`--from takes new, all, 15m, or a time as in RFC 3339, got '${text}'`);
  }
  return new Date(time).toISOString();
}

/** A time as in RFC 3339, in whole seconds. */
export function shortTime(text: string | undefined): string {
  return text === undefined ? '-' : text.replace(/\.\d+(?=Z|[+-])/, '');
}

/** How far `text` is from `now`, in the largest unit that fits: `3d`, `12m`; in the past `-5s`. */
export function distance(text: string, now: number): string {
  const ms = Date.parse(text) - now;
  const units = Object.entries(UNITS).reverse();
  const [unit, size] = units.find(([, one]) => Math.abs(ms) >= one) ?? ['s', 1000];
  return `${Math.trunc(ms / size)}${unit}`;
}
