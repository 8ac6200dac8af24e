import { randomFillSync } from 'node:crypto';
import type { Clock } from './clock.ts';

/** Makes identifiers. Passed in, so that tests can have predictable ones. */
export interface Ids {
  /** A new id, unique across all processes: 26 characters, sortable by time (ULID layout, Crockford base 32). */
  next(): string;
}

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const POOL = 4096;

/**
 * Ids in ULID layout: 48 bits of milliseconds, 80 random bits. Ids of one millisecond aren't ordered among
 * themselves; what must be ordered carries a sequence number.
 */
export function randomIds(clock: Clock): Ids {
  const pool = Buffer.alloc(POOL);
  let used = POOL;
  return {
    next() {
      if (used + 16 > POOL) {
        randomFillSync(pool);
        used = 0;
      }
      let time = clock.now();
      let head = '';
      for (let i = 0; i < 10; i += 1) {
        head = ALPHABET[time % 32] + head;
        time = Math.floor(time / 32);
      }
      let tail = '';
      for (let i = 0; i < 16; i += 1) tail += ALPHABET[(pool[used + i] as number) & 31];
      used += 16;
      return head + tail;
    },
  };
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
