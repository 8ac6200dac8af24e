import { parentPort, workerData } from 'node:worker_threads';
import type { JournalSettings, Op, Outcome, Report } from './journal-format.ts';
import { Log } from './log.ts';

/** The thread of the journal: SQLite and its fsyncs, away from the event loop of the services. */
const port = parentPort;
if (port === null) throw new Error('this file runs in a worker thread');
const { path, limits, fresh } = workerData as JournalSettings;

const report = (message: Report) => port.postMessage(message);
try {
  const log = new Log(path, limits, fresh);
  port.on('message', (ops: readonly Op[] | 'close') => {
    if (ops === 'close') {
      log[Symbol.dispose]();
      port.close();
    } else report({ kind: 'done', outcomes: outcomes(log, ops) });
  });
  report({ kind: 'ready' });
} catch (error) {
  const { message, errcode } = error as Error & { errcode?: number };
  const SQLITE_BUSY = 5;
  report({ kind: 'refused', inUse: ((errcode ?? 0) & 0xff) === SQLITE_BUSY, message });
}

/** All in one transaction; when one op fails each gets its own, so that it fails alone. */
function outcomes(log: Log, ops: readonly Op[]): Outcome[] {
  try {
    return log.transact(ops).map((value) => ({ value }));
  } catch (error) {
    if (ops.length === 1) return [{ error: (error as Error).message }];
    return ops.flatMap((op) => outcomes(log, [op]));
  }
}
