import type { DatabaseSync } from 'node:sqlite';
import { EXPIRING } from './layout.ts';

/** Removes what has expired, at most `limit` rows of each table, so that no commit waits long behind it. */
export function sweeper(db: DatabaseSync) {
  const statements = EXPIRING.map((table) =>
    db.prepare(
      `DELETE FROM ${table} WHERE rowid IN
         (SELECT rowid FROM ${table} WHERE expires IS NOT NULL AND expires <= ? LIMIT ?)`,
    ),
  );
  return (limit: number, now: number): number =>
    statements.reduce((gone, statement) => gone + Number(statement.run(now, limit).changes), 0);
}
