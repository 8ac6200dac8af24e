import { createHash } from 'node:crypto';
import type { SessionKeys } from '@sallyport/session';

/** Keys of a test: `kids` in the order of their making, the last one active. */
export function testKeys(kids: readonly number[], retired: readonly number[] = []): SessionKeys {
  return {
    active: kids.at(-1) as number,
    keys: [
      ...retired.map((kid) => ({ kid, state: 'retired' as const })),
      ...kids.map((kid, i) => ({
        kid,
        state: i === kids.length - 1 ? ('active' as const) : ('fallback' as const),
      })),
    ],
    derive(kid, label, length = 32) {
      if (!kids.includes(kid)) throw new Error(`asked for key ${kid}`);
      return createHash('sha512').update(`test|${kid}|${label}`).digest().subarray(0, length);
    },
  };
}
