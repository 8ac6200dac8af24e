import type { DatabaseSync } from 'node:sqlite';
import type { OutboxMessage } from '../ports.ts';
import type { ClaimAnswer, Id } from './protocol.ts';
import type { Sequence } from './sequence.ts';

interface Row {
  readonly head: string;
  readonly body: Uint8Array;
}

/**
 * The outbox: messages in commit order, and one row for each partition that has some. The row's turn says which
 * partition is next; its token belongs to whoever claimed it until `claimed`.
 */
export function queues(db: DatabaseSync, sequence: Sequence) {
  const append = db.prepare('INSERT INTO message (queue, head, body) VALUES (?, ?, ?)');
  const enqueue = db.prepare(
    `INSERT INTO queue (id, space, turn, token, claimed) VALUES (?, ?, ?, 0, 0) ON CONFLICT DO NOTHING`,
  );
  const next = db.prepare(
    'SELECT id FROM queue WHERE space = ? AND claimed <= ? ORDER BY turn LIMIT 1',
  );
  const claim = db.prepare('UPDATE queue SET turn = ?, token = ?, claimed = ? WHERE id = ?');
  const messages = db.prepare(
    'SELECT head, body FROM message WHERE queue = ? ORDER BY seq LIMIT ?',
  );
  const held = db.prepare('SELECT 1 FROM queue WHERE id = ? AND token = ? AND claimed > ?');
  const deliver = db.prepare(
    'DELETE FROM message WHERE seq IN (SELECT seq FROM message WHERE queue = ? ORDER BY seq LIMIT ?)',
  );
  const more = db.prepare('SELECT 1 FROM message WHERE queue = ? LIMIT 1');
  const free = db.prepare('UPDATE queue SET claimed = 0 WHERE id = ?');
  const dequeue = db.prepare('DELETE FROM queue WHERE id = ?');

  return {
    append(queue: Id, outbox: readonly OutboxMessage[]): void {
      if (outbox.length === 0) return;
      // JSON, because it escapes every character that SQLite's text would cut short.
      for (const { body, ...head } of outbox) append.run(queue, JSON.stringify(head), body);
      enqueue.run(queue, queue.slice(0, queue.indexOf(':')), sequence.next());
    },
    claim(space: string, limit: number, claimMs: number, now: number): ClaimAnswer | undefined {
      const queue = (next.get(space, now) as { id: Id } | undefined)?.id;
      if (queue === undefined) return undefined;
      const token = sequence.next();
      claim.run(token, token, now + claimMs, queue);
      const rows = messages.all(queue, limit) as unknown as Row[];
      const found = rows.map(({ head, body }) => ({ ...JSON.parse(head), body }) as OutboxMessage);
      return { queue, token, messages: found };
    },
    end(queue: Id, token: number, delivered: number, now: number): boolean {
      if (held.get(queue, token, now) === undefined) return false;
      if (delivered > 0) deliver.run(queue, delivered);
      if (more.get(queue) === undefined) dequeue.run(queue);
      else free.run(queue);
      return true;
    },
  };
}
