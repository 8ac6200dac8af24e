import { randomBytes } from 'node:crypto';
import { RingConflictError } from './errors.ts';
import type { RingContent, RingKey } from './ring-record.ts';

/** Key ids have 32 bits and are never used twice: a ring rotated every second lasts 136 years. */
const MAX_KID = 2 ** 32 - 1;

/** A ring with its first key. */
export function firstRing(now: number): RingContent {
  return { revision: 1, keys: [newKey(1, now)] };
}

/** The ring with a new active key; the one before still opens. */
export function rotated({ revision, keys }: RingContent, now: number): RingContent {
  const kid = 1 + Math.max(...keys.map((key) => key.kid));
  if (kid > MAX_KID) throw new RingConflictError(`key id ${kid} must have 32 bits`);
  const older = keys.map(
    (key): RingKey => (key.state === 'active' ? { ...key, state: 'fallback' } : key),
  );
  return { revision: revision + 1, keys: [...older, newKey(kid, now)] };
}

/** The ring without the material of its fallback keys that were replaced before `before`; itself when there are none. */
export function retired(ring: RingContent, before: number): RingContent {
  const gone = ring.keys.filter((key, at) => {
    const successor = ring.keys[at + 1];
    return key.state === 'fallback' && successor !== undefined && successor.created < before;
  });
  if (gone.length === 0) return ring;
  return {
    revision: ring.revision + 1,
    keys: ring.keys.map((key) =>
      gone.includes(key) ? { kid: key.kid, created: key.created, state: 'retired' } : key,
    ),
  };
}

function newKey(kid: number, now: number): RingKey {
  return { kid, created: now, state: 'active', material: randomBytes(32) };
}
