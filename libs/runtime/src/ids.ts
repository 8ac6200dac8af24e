import { randomFillSync } from 'node:crypto';
import type { Clock } from './clock.ts';

/** Makes identifiers. Passed in, so that tests can have predictable ones. */
export interface Ids {
  /** A new id, unique across all processes: 26 characters, sortable by time (ULID layout, Crockford base 32). */
  next(): string;
}

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Two characters for every ten bits: half the steps. */
const PAIRS = Array.from({ length: 1024 }, (_, n) => `${ALPHABET[n >> 5]}${ALPHABET[n & 31]}`);
const RANDOM_PAIRS = 8;
const POOL = 2048;

/**
 * Ids in ULID layout: 48 bits of milliseconds, 80 random bits. Ids of one millisecond aren't ordered among
 * themselves; what must be ordered carries a sequence number.
 */
export function randomIds(clock: Clock): Ids {
  const pool = new Uint16Array(POOL);
  let used = POOL;
  let lastTime = Number.NaN;
  let head = '';
  return {
    next() {
      if (used + RANDOM_PAIRS > POOL) {
        randomFillSync(pool);
        used = 0;
      }
      const time = Math.floor(clock.now());
      if (time !== lastTime) {
        head = timeText(time);
        lastTime = time;
      }
      let id = head;
      for (let i = 0; i < RANDOM_PAIRS; i += 1) id += PAIRS[(pool[used + i] as number) & 1023];
      used += RANDOM_PAIRS;
      return id;
    },
  };
}

/** Ten characters, most significant first. */
function timeText(ms: number): string {
  let text = '';
  for (let rest = ms; text.length < 10; rest = Math.floor(rest / 1024)) {
    text = PAIRS[rest % 1024] + text;
  }
  return text;
}

/** Ids `<prefix>1`, `<prefix>2` … for tests. */
export function countingIds(prefix = 'id-'): Ids {
  let n = 0;
  return {
    next: () => {
      n += 1;
      return `${prefix}${n}`;
    },
  };
}
