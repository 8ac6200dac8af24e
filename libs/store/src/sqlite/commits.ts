import type { DatabaseSync } from 'node:sqlite';
import type { counters } from './counters.ts';
import type { entries } from './entries.ts';
import type { indexes } from './indexes.ts';
import type { leases } from './leases.ts';
import type { CommitAnswer, CommitRequest } from './protocol.ts';
import type { queues } from './queues.ts';
import type { Sequence } from './sequence.ts';

/** How long the answer to a commit with an id is remembered. */
const REMEMBERED_MS = 600_000;

/** The tables that a commit touches. */
export interface Tables {
  readonly entries: ReturnType<typeof entries>;
  readonly counters: ReturnType<typeof counters>;
  readonly indexes: ReturnType<typeof indexes>;
  readonly leases: ReturnType<typeof leases>;
  readonly queues: ReturnType<typeof queues>;
}

/** Commits: everything that could say no is asked before anything is written. */
export function commits(db: DatabaseSync, tables: Tables, sequence: Sequence) {
  const applied = db.prepare('SELECT answer FROM applied WHERE id = ? AND expires > ?');
  const remember = db.prepare(
    'INSERT OR REPLACE INTO applied (id, answer, expires) VALUES (?, ?, ?)',
  );

  return (request: CommitRequest, now: number): CommitAnswer => {
    // JSON as above: an id may have a NUL in it.
    const id = request.id === undefined ? undefined : JSON.stringify([request.queue, request.id]);
    if (id !== undefined) {
      const known = applied.get(id, now) as { answer: string } | undefined;
      if (known !== undefined) return JSON.parse(known.answer) as CommitAnswer;
    }
    const failed = request.checks.findIndex((check) =>
      'lease' in check
        ? !tables.leases.holds(check.lease, check.token, now)
        : !tables.entries.holds(check, now),
    );
    if (failed !== -1) return { done: 'conflict', failed };
    const sums = request.counts.map((step) => tables.counters.sum(step, now));
    const outside = sums.findIndex((sum) => !Number.isSafeInteger(sum));
    if (outside !== -1) return { done: 'range', counter: outside, value: sums[outside] as number };

    const version = sequence.version();
    for (const step of request.puts) tables.entries.put(step, version, now);
    for (const key of request.deletes) tables.entries.delete(key);
    for (const step of request.index) tables.indexes.change(step, now);
    for (const [i, step] of request.counts.entries()) {
      tables.counters.set(step, sums[i] as number, now);
    }
    tables.queues.append(request.queue, request.outbox);
    const answer: CommitAnswer = { done: 'committed', version, counters: sums };
    if (id !== undefined) remember.run(id, JSON.stringify(answer), now + REMEMBERED_MS);
    return answer;
  };
}
