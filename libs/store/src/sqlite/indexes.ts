import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { IndexStep, RangeRequest, StoredMember } from './protocol.ts';

/**
 * Members ordered by (score, bytes). A range walks the index `member_by_score` from where the page before ended,
 * and skips what has expired but isn't swept yet.
 */
export function indexes(db: DatabaseSync) {
  const write = db.prepare(
    `INSERT INTO member (id, member, score, expires) VALUES (?, ?, ?, ?)
     ON CONFLICT (id, member) DO UPDATE SET score = excluded.score, expires = excluded.expires`,
  );
  const remove = db.prepare('DELETE FROM member WHERE id = ? AND member = ?');

  // One lower and one upper bound each, so that SQLite seeks to the first row instead of walking up to it.
  const statement = (bounds: string, order: 'ASC' | 'DESC'): StatementSync =>
    db.prepare(
      `SELECT member, score FROM member
       WHERE id = :id AND ${bounds} AND (expires IS NULL OR expires > :now)
       ORDER BY score ${order}, member ${order} LIMIT :limit`,
    );
  const first = {
    up: statement('score >= :min AND score <= :max', 'ASC'),
    down: statement('score >= :min AND score <= :max', 'DESC'),
  };
  const next = {
    up: statement('(score, member) > (:score, :member) AND score <= :max', 'ASC'),
    down: statement('(score, member) < (:score, :member) AND score >= :min', 'DESC'),
  };

  return {
    change({ id, member, score, ttlMs }: IndexStep, now: number): void {
      if (score === undefined) remove.run(id, member);
      else write.run(id, member, score, ttlMs === undefined ? null : now + ttlMs);
    },
    range({ id, min, max, after, limit, reverse }: RangeRequest, now: number): StoredMember[] {
      const rows = { id, now, limit };
      const inside = after !== undefined && (reverse ? after.score <= max : after.score >= min);
      if (!inside) return all(first[reverse ? 'down' : 'up'], { ...rows, min, max });
      return reverse
        ? all(next.down, { ...rows, ...after, min })
        : all(next.up, { ...rows, ...after, max });
    },
  };
}

function all(statement: StatementSync, values: Record<string, SQLInputValue>): StoredMember[] {
  return statement.all(values) as unknown as StoredMember[];
}
