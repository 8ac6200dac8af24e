import type { DatabaseSync } from 'node:sqlite';
import type { CountStep, Id } from './protocol.ts';

/** Whole numbers that are added to. */
export function counters(db: DatabaseSync) {
  const select = db.prepare(
    'SELECT value, expires FROM counter WHERE id = ? AND (expires IS NULL OR expires > ?)',
  );
  const write = db.prepare('INSERT OR REPLACE INTO counter (id, value, expires) VALUES (?, ?, ?)');
  const find = (id: Id, now: number) =>
    select.get(id, now) as { value: number; expires: number | null } | undefined;

  return {
    get: (ids: readonly Id[], now: number) => ids.map((id) => find(id, now)?.value ?? 0),
    /** What the counter would be after `step`; changes nothing. */
    sum: ({ id, add }: CountStep, now: number) => (find(id, now)?.value ?? 0) + add,
    set({ id, ttlMs }: CountStep, value: number, now: number): void {
      const expires = ttlMs === undefined ? (find(id, now)?.expires ?? null) : now + ttlMs;
      write.run(id, value, expires);
    },
  };
}
