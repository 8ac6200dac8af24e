import type { DatabaseSync } from 'node:sqlite';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { SallyportError } from '@sallyport/runtime';
import { commits } from './commits.ts';
import { counters } from './counters.ts';
import { entries } from './entries.ts';
import { indexes } from './indexes.ts';
import { openFile } from './layout.ts';
import { leases } from './leases.ts';
import type {
  Answer,
  FromWorker,
  Outcome,
  Request,
  ToWorker,
  Verb,
  WorkerSettings,
} from './protocol.ts';
import { queues } from './queues.ts';
import { openSequence, type Sequence } from './sequence.ts';
import { slides } from './slides.ts';
import { sweeper } from './sweep.ts';

// The thread that owns the file. It takes batches: their reads are answered at once, from what is on disk; their
// writes go into one transaction with one fsync, and are answered when that is done.

const READS: ReadonlySet<Verb> = new Set(['get', 'counters', 'range']);

const ROLLED_BACK = 'the transaction was rolled back';

const port = parentPort as MessagePort;
const post = (message: FromWorker) => port.postMessage(message);

function serve(db: DatabaseSync): void {
  const sequence = openSequence(db);
  const answer = answerer(db, sequence);
  port.on('message', (message: ToWorker) => {
    if (message === 'close') {
      db.close();
      port.close();
      return;
    }
    const { now, requests } = message;
    const [reads, writes] = [requests.filter(isRead), requests.filter((each) => !isRead(each))];
    if (reads.length > 0) {
      const outcomes = reads.map(
        ([id, request]) => [id, outcome(() => answer(request, now))] as const,
      );
      post({ outcomes, idle: writes.length === 0 });
    }
    if (writes.length > 0) {
      post({
        outcomes: transaction(db, sequence, writes, (request) => answer(request, now)),
        idle: true,
      });
    }
  });
}

const isRead = ([, request]: readonly [number, Request]) => READS.has(request.verb);

/** Does each write whole or not at all, and all that were done durably or none. */
function transaction(
  db: DatabaseSync,
  sequence: Sequence,
  writes: readonly (readonly [number, Request])[],
  answer: (request: Request) => Answer,
): [number, Outcome][] {
  try {
    db.exec('BEGIN IMMEDIATE');
    const outcomes = writes.map(([id, request]): [number, Outcome] => [
      id,
      outcome(() => savepoint(db, () => answer(request))),
    ]);
    if (!db.isTransaction) throw new Error(ROLLED_BACK);
    sequence.save();
    db.exec('COMMIT');
    return outcomes;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    const failure = { error: (error as Error).message };
    return writes.map(([id]) => [id, failure]);
  }
}

function savepoint<T>(db: DatabaseSync, work: () => T): T {
  // A full disk or a failed write can end the whole transaction: what comes after it must not run on its own.
  if (!db.isTransaction) throw new Error(ROLLED_BACK);
  db.exec('SAVEPOINT one');
  try {
    return work();
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK TO one');
    throw error;
  } finally {
    if (db.isTransaction) db.exec('RELEASE one');
  }
}

function outcome(work: () => Answer): Outcome {
  try {
    return { answer: work() };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

function answerer(db: DatabaseSync, sequence: Sequence): (request: Request, now: number) => Answer {
  const tables = {
    entries: entries(db),
    counters: counters(db),
    indexes: indexes(db),
    leases: leases(db, sequence),
    queues: queues(db, sequence),
  };
  const commit = commits(db, tables, sequence);
  const windows = slides(db);
  const sweep = sweeper(db);
  return (request, now) => {
    switch (request.verb) {
      case 'get':
        return tables.entries.get(request.ids, now);
      case 'counters':
        return tables.counters.get(request.ids, now);
      case 'range':
        return tables.indexes.range(request, now);
      case 'commit':
        return commit(request, now);
      case 'hit':
        return windows.hit(request.windows, now);
      case 'take':
        return tables.leases.take(request.id, request.ttlMs, now);
      case 'renew':
        return tables.leases.renew(request.id, request.token, request.ttlMs, now);
      case 'release':
        return tables.leases.release(request.id, request.token);
      case 'claim':
        return tables.queues.claim(request.space, request.limit, request.claimMs, now);
      case 'end':
        return tables.queues.end(request.queue, request.token, request.delivered, now);
      case 'sweep':
        return sweep(request.limit, now);
    }
  };
}

try {
  const db = openFile(workerData as WorkerSettings);
  serve(db);
  post({ opened: true });
} catch (error) {
  const { code, message } = error as SallyportError;
  post({ refused: code, message });
}
