import type { DatabaseSync } from 'node:sqlite';
import type { Id } from './protocol.ts';
import type { Sequence } from './sequence.ts';

/**
 * Leases. A row whose time is over is as good as none; its token needn't be kept, since tokens of all leases come
 * from one sequence that only grows.
 */
export function leases(db: DatabaseSync, sequence: Sequence) {
  const held = db.prepare('SELECT token FROM lease WHERE id = ? AND expires > ?');
  const take = db.prepare('INSERT OR REPLACE INTO lease (id, token, expires) VALUES (?, ?, ?)');
  const renew = db.prepare(
    'UPDATE lease SET expires = ? WHERE id = ? AND token = ? AND expires > ?',
  );
  const release = db.prepare('DELETE FROM lease WHERE id = ? AND token = ?');

  return {
    holds(id: Id, token: number, now: number): boolean {
      return (held.get(id, now) as { token: number } | undefined)?.token === token;
    },
    take(id: Id, ttlMs: number, now: number): number | undefined {
      if (held.get(id, now) !== undefined) return undefined;
      const token = sequence.next();
      take.run(id, token, now + ttlMs);
      return token;
    },
    renew: (id: Id, token: number, ttlMs: number, now: number) =>
      renew.run(now + ttlMs, id, token, now).changes === 1,
    release: (id: Id, token: number) => release.run(id, token).changes === 1,
  };
}
