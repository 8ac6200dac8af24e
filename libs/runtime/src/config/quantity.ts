/** A unit and what it is worth in the smallest one (milliseconds, bytes). */
export type Units = readonly (readonly [name: string, worth: number])[];

/** Largest first. */
export const DURATION: Units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];

/** Largest first. Powers of 1024 have an i, as IEC 80000-13 says; powers of 1000 don't. */
export const SIZE: Units = [
  ['TiB', 2 ** 40],
  ['TB', 1e12],
  ['GiB', 2 ** 30],
  ['GB', 1e9],
  ['MiB', 2 ** 20],
  ['MB', 1e6],
  ['KiB', 1024],
  ['kB', 1000],
  ['B', 1],
];

/** `1h30m`, `0.5s`, `10MiB` as a number of the smallest unit, rounded; undefined when it isn't one. `0` needs no unit. */
export function parseQuantity(text: string, units: Units): number | undefined {
  if (text === '0') return 0;
  const part = /(\d{1,15}(?:\.\d{1,6})?) ?([A-Za-z]+)/y;
  let total = 0;
  let smallest = Number.POSITIVE_INFINITY;
  do {
    const match = part.exec(text);
    const worth = units.find(([name]) => name === match?.[2])?.[1];
    // Each unit once and descending: `1m1h` is more likely a slip than a wish.
    if (match === null || worth === undefined || worth >= smallest) return undefined;
    total += Number(match[1]) * worth;
    smallest = worth;
  } while (part.lastIndex < text.length);
  const rounded = Math.round(total);
  return Number.isSafeInteger(rounded) ? rounded : undefined;
}

/** The shortest exact way to write it: 90000 → `90s`. */
export function formatQuantity(value: number, units: Units): string {
  if (value === 0) return '0';
  const [name, worth] = units.find(([, w]) => value >= w && value % w === 0) ?? ['', 1];
  return `${value / worth}${name || (units.at(-1)?.[0] ?? '')}`;
}
