import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Limits, Op, Result, Row, Start, Stream } from './journal-format.ts';

/** The number of this layout; a file with another is refused. */
const LAYOUT = 1;

const SCHEMA = `
  -- One sequence for all streams: positions grow, with gaps.
  CREATE TABLE message (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    stream TEXT NOT NULL, subject TEXT NOT NULL, time INTEGER NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX message_subject ON message (stream, subject, sequence);
  CREATE INDEX message_stream ON message (stream, sequence);
  -- Idempotency keys outlive their messages, for the duplicate window.
  CREATE TABLE seen (
    stream TEXT NOT NULL, key TEXT NOT NULL, sequence INTEGER NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (stream, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX seen_time ON seen (time);
  -- Everything up to the cursor was delivered at least once; what of it isn't acknowledged stands in pending.
  CREATE TABLE consumer (
    durable TEXT PRIMARY KEY, stream TEXT NOT NULL, filter TEXT NOT NULL, cursor INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  -- held: a handler has it; otherwise it waits for its next try.
  CREATE TABLE pending (
    durable TEXT NOT NULL, sequence INTEGER NOT NULL, attempt INTEGER NOT NULL, due INTEGER NOT NULL, held INTEGER NOT NULL,
    PRIMARY KEY (durable, sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX pending_due ON pending (durable, due);
`;

const COLUMNS = 'sequence, subject, time, headers, body';

/** The streams and consumers of the local bus in one SQLite database. Synchronous: it lives in a thread of its own. */
export class Log implements Disposable {
  readonly #db: DatabaseSync;
  readonly #limits: Limits;
  readonly #statements = new Map<string, StatementSync>();
  #eventBytes = 0;
  #durable = true;

  /** Takes the file for this process alone; throws SQLite's "database is locked" when another has it. */
  constructor(path: string, limits: Limits, fresh: boolean) {
    this.#limits = limits;
    this.#db = new DatabaseSync(path, { timeout: 0 });
    try {
      this.#db.exec(
        'PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL',
      );
      this.#db.exec('BEGIN IMMEDIATE');
      const layout = this.#get('PRAGMA user_version')?.['user_version'];
      if (layout === 0) this.#db.exec(`${SCHEMA}; PRAGMA user_version=${LAYOUT}`);
      else if (layout !== LAYOUT) {
        throw new Error(`${path} has layout ${layout}, this version knows ${LAYOUT}`);
      }
      // Whoever held these deliveries is gone.
      if (fresh) this.#run('UPDATE pending SET due = 0, held = 0 WHERE held = 1');
      this.#db.exec('COMMIT');
      this.#eventBytes = this.#sumEventBytes();
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** Runs `ops` as one transaction; what one of them throws is thrown, and nothing was done. */
  transact(ops: readonly Op[]): Result[] {
    // Only what was acknowledged to a sender must survive the machine; a delivery that is forgotten comes again.
    const durable = ops.some(({ op }) => op === 'append');
    if (durable !== this.#durable) {
      this.#db.exec(`PRAGMA synchronous=${durable ? 'FULL' : 'NORMAL'}`);
      this.#durable = durable;
    }
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const results = ops.map((op) => this.#apply(op));
      this.#db.exec('COMMIT');
      return results;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      this.#eventBytes = this.#sumEventBytes();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }

  #apply(op: Op): Result {
    switch (op.op) {
      case 'append':
        return this.#append(op);
      case 'consumer':
        this.#run(
          'INSERT INTO consumer VALUES (?, ?, ?, ?) ON CONFLICT (durable) DO UPDATE SET filter = excluded.filter',
          ...[op.durable, op.stream, op.filter, this.#position(op.stream, op.from)],
        );
        return undefined;
      case 'take':
        return this.#take(op);
      case 'ack':
        this.#ack(op.durable, op.sequence);
        return undefined;
      case 'retry':
      case 'extend':
        this.#run(
          'UPDATE pending SET due = ?, held = ? WHERE durable = ? AND sequence = ?',
          ...[op.due, op.op === 'extend' ? 1 : 0, op.durable, op.sequence],
        );
        return undefined;
      case 'position':
        return this.#position(op.stream, op.from);
      case 'read':
        return this.#after(op.stream, op.filter, op.after, op.limit);
      case 'remove':
        return (
          this.#run(
            'DELETE FROM message WHERE stream = ? AND sequence = ?',
            op.stream,
            op.sequence,
          ) === 1
        );
      case 'prune':
        this.#prune(op.now);
        return undefined;
    }
  }

  #append(op: Extract<Op, { op: 'append' }>) {
    const { stream, subject, dedupe, headers, body, now } = op;
    const seen = this.#get(
      'SELECT sequence, time FROM seen WHERE stream = ? AND key = ?',
      stream,
      dedupe,
    );
    if (seen !== undefined && (seen['time'] as number) > now - this.#limits.dedupeWindowMs) {
      return { sequence: seen['sequence'] as number, duplicate: true };
    }
    const inserted = this.#get(
      'INSERT INTO message (stream, subject, time, headers, body) VALUES (?, ?, ?, ?, ?) RETURNING sequence',
      ...[stream, subject, now, headers, body],
    );
    const sequence = inserted?.['sequence'] as number;
    this.#run('INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)', stream, dedupe, sequence, now);
    if (stream === 'events') {
      this.#eventBytes += body.length;
      // A tenth above the limit before anything goes, so that it isn't done for every message.
      if (this.#eventBytes > this.#limits.eventsMaxBytes * 1.1) this.#prune(now);
    }
    return { sequence, duplicate: false };
  }

  #take({ durable, limit, ackWaitMs, now }: Extract<Op, { op: 'take' }>) {
    const consumer = this.#get(
      'SELECT stream, filter, cursor FROM consumer WHERE durable = ?',
      durable,
    );
    if (consumer === undefined) throw new Error(`no consumer '${durable}'`);
    const { stream, filter, cursor } = consumer as {
      stream: Stream;
      filter: string;
      cursor: number;
    };
    // Deliveries of messages that retention has removed.
    this.#run(
      'DELETE FROM pending WHERE durable = ? AND due <= ? AND sequence NOT IN (SELECT sequence FROM message)',
      ...[durable, now],
    );
    const again = this.#all(
      `SELECT ${COLUMNS}, attempt FROM pending JOIN message USING (sequence)
       WHERE durable = ? AND due <= ? ORDER BY sequence LIMIT ?`,
      ...[durable, now, limit],
    ) as unknown as (Row & { attempt: number })[];
    const fresh = this.#after(stream, filter, cursor, limit - again.length);
    const rows = [
      ...again.map((row) => ({ ...row, attempt: row.attempt + 1 })),
      ...fresh.map((row) => ({ ...row, attempt: 1 })),
    ];
    for (const { sequence, attempt } of rows) {
      this.#run(
        'INSERT OR REPLACE INTO pending VALUES (?, ?, ?, ?, 1)',
        ...[durable, sequence, attempt, now + ackWaitMs],
      );
    }
    const last = fresh.at(-1)?.sequence;
    if (last !== undefined) {
      this.#run('UPDATE consumer SET cursor = ? WHERE durable = ?', last, durable);
    }
    const next = this.#get('SELECT min(due) AS due FROM pending WHERE durable = ?', durable);
    return { rows, due: (next?.['due'] ?? undefined) as number | undefined };
  }

  #ack(durable: string, sequence: number): void {
    this.#run('DELETE FROM pending WHERE durable = ? AND sequence = ?', durable, sequence);
    this.#run("DELETE FROM message WHERE stream = 'jobs' AND sequence = ?", sequence);
  }

  #position(stream: Stream, from: Start): number {
    if (from === 'all') return 0;
    if (from === 'new') {
      const last = this.#get("SELECT seq FROM sqlite_sequence WHERE name = 'message'");
      return (last?.['seq'] ?? 0) as number;
    }
    if ('sequence' in from) return from.sequence - 1;
    const first = this.#get(
      'SELECT min(sequence) AS first FROM message WHERE stream = ? AND time >= ?',
      ...[stream, from.time],
    )?.['first'] as number | null | undefined;
    return first == null ? this.#position(stream, 'new') : first - 1;
  }

  #after(stream: Stream, filter: string, after: number, limit: number): Row[] {
    if (limit <= 0) return [];
    const [condition, ...bounds] = matching(filter);
    return this.#all(
      `SELECT ${COLUMNS} FROM message WHERE stream = ? AND sequence > ? AND ${condition} ORDER BY sequence LIMIT ?`,
      ...[stream, after, ...bounds, limit],
    ) as unknown as Row[];
  }

  #prune(now: number): void {
    const { eventsMaxAgeMs, eventsMaxBytes, deadMaxAgeMs, dedupeWindowMs } = this.#limits;
    this.#run("DELETE FROM message WHERE stream = 'events' AND time < ?", now - eventsMaxAgeMs);
    this.#run("DELETE FROM message WHERE stream = 'dead' AND time < ?", now - deadMaxAgeMs);
    this.#run('DELETE FROM seen WHERE time <= ?', now - dedupeWindowMs);
    this.#eventBytes = this.#sumEventBytes();
    if (this.#eventBytes <= eventsMaxBytes) return;
    const cut = this.#get(
      `SELECT max(sequence) AS sequence FROM (
         SELECT sequence, sum(length(body)) OVER (ORDER BY sequence DESC) AS newer FROM message WHERE stream = 'events'
       ) WHERE newer > ?`,
      eventsMaxBytes,
    );
    const upTo = (cut?.['sequence'] ?? 0) as number;
    this.#run("DELETE FROM message WHERE stream = 'events' AND sequence <= ?", upTo);
    this.#eventBytes = this.#sumEventBytes();
  }

  #sumEventBytes(): number {
    const sum = this.#get("SELECT sum(length(body)) AS bytes FROM message WHERE stream = 'events'");
    return (sum?.['bytes'] ?? 0) as number;
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #run(sql: string, ...values: Value[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  #get(sql: string, ...values: Value[]) {
    return this.#statement(sql).get(...values);
  }

  #all(sql: string, ...values: Value[]) {
    return this.#statement(sql).all(...values);
  }
}

type Value = string | number | Uint8Array;

/** SQL for a filter: one subject, or everything below a prefix that ends in `.>`. */
function matching(filter: string): [string, ...string[]] {
  if (!filter.endsWith('.>')) return ['subject = ?', filter];
  const prefix = filter.slice(0, -1);
  // '/' follows '.' in ASCII: everything that begins with the prefix lies between.
  return ['subject >= ? AND subject < ?', prefix, `${prefix.slice(0, -1)}/`];
}
