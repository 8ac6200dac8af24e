import type { DatabaseSync } from 'node:sqlite';
import type { Version } from '../ports.ts';
import type { CheckStep, Id, PutStep, StoredEntry } from './protocol.ts';

/** Entries: values with a format and a version. `now` decides what is still there. */
export function entries(db: DatabaseSync) {
  const select = db.prepare(
    'SELECT value, format, version FROM entry WHERE id = ? AND (expires IS NULL OR expires > ?)',
  );
  const version = db.prepare(
    'SELECT version FROM entry WHERE id = ? AND (expires IS NULL OR expires > ?)',
  );
  const put = db.prepare(
    `INSERT INTO entry (id, value, format, version, expires) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET
       value = excluded.value, format = excluded.format, version = excluded.version, expires = excluded.expires`,
  );
  const remove = db.prepare('DELETE FROM entry WHERE id = ?');

  return {
    get: (ids: readonly Id[], now: number) =>
      ids.map((id) => select.get(id, now) as StoredEntry | undefined),
    holds(check: Exclude<CheckStep, { lease: Id }>, now: number): boolean {
      const found = version.get(check.id, now) as { version: Version } | undefined;
      return found?.version === check.version;
    },
    put({ id, value, format, ttlMs }: PutStep, written: Version, now: number): void {
      put.run(id, value, format, written, ttlMs === undefined ? null : now + ttlMs);
    },
    delete: (id: Id) => void remove.run(id),
  };
}
