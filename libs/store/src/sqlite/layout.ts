import { DatabaseSync } from 'node:sqlite';
import { StoreInUseError, StoreLayoutError, StoreUnavailableError } from '../errors.ts';
import type { WorkerSettings } from './protocol.ts';

/** `SPST`, in the header of every file of ours. */
const APPLICATION_ID = 0x53505354;
/** Goes up when the tables change; an older program refuses the file, a newer one migrates it. */
const LAYOUT = 1;

const TABLES = `
  CREATE TABLE entry (
    id TEXT PRIMARY KEY, value BLOB NOT NULL, format INTEGER NOT NULL, version TEXT NOT NULL, expires INTEGER
  ) STRICT;
  CREATE TABLE counter (id TEXT PRIMARY KEY, value INTEGER NOT NULL, expires INTEGER) STRICT;
  CREATE TABLE member (
    id TEXT NOT NULL, member BLOB NOT NULL, score REAL NOT NULL, expires INTEGER, PRIMARY KEY (id, member)
  ) STRICT;
  CREATE UNIQUE INDEX member_by_score ON member (id, score, member);
  CREATE TABLE slide (
    id TEXT PRIMARY KEY, slot INTEGER NOT NULL, current INTEGER NOT NULL, previous INTEGER NOT NULL, expires INTEGER
  ) STRICT;
  CREATE TABLE lease (id TEXT PRIMARY KEY, token INTEGER NOT NULL, expires INTEGER) STRICT;
  CREATE TABLE applied (id TEXT PRIMARY KEY, answer TEXT NOT NULL, expires INTEGER) STRICT;
  CREATE TABLE message (seq INTEGER PRIMARY KEY, queue TEXT NOT NULL, head TEXT NOT NULL, body BLOB NOT NULL) STRICT;
  CREATE INDEX message_by_queue ON message (queue, seq);
  CREATE TABLE queue (
    id TEXT PRIMARY KEY, space TEXT NOT NULL, turn INTEGER NOT NULL, token INTEGER NOT NULL, claimed INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX queue_by_turn ON queue (space, turn);
  CREATE TABLE sequence (last INTEGER NOT NULL) STRICT;
  INSERT INTO sequence VALUES (0);
`;

/** Tables whose rows end by themselves. */
export const EXPIRING = ['entry', 'counter', 'member', 'slide', 'lease', 'applied'] as const;

/**
 * Opens the file for this thread alone: the lock is the operating system's, held until the file is closed or the
 * process is gone, however it went. Makes the tables in an empty file; leaves a file it doesn't know as it is.
 * Throws `StoreInUseError`, `StoreLayoutError` or `StoreUnavailableError`.
 */
export function openFile({ path, synchronous }: WorkerSettings): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { timeout: 0 });
    db.exec('PRAGMA locking_mode = EXCLUSIVE');
    const found = identify(db, path);
    db.exec('PRAGMA journal_mode = WAL');
    db.exec(`PRAGMA synchronous = ${synchronous === 'full' ? 'FULL' : 'NORMAL'}`);
    db.exec('PRAGMA journal_size_limit = 67108864');
    db.exec('PRAGMA cache_size = -16384');
    db.exec('BEGIN IMMEDIATE');
    if (found === 0) create(db);
    db.exec('COMMIT');
    return db;
  } catch (error) {
    db?.close();
    throw error instanceof StoreLayoutError ? error : refusal(error as SqliteError, path);
  }
}

/** The layout of the file; 0 for an empty one. */
function identify(db: DatabaseSync, path: string): number {
  const application = pragma(db, 'application_id');
  const layout = pragma(db, 'user_version');
  const tables = db.prepare('SELECT count(*) AS n FROM sqlite_schema').get() as { n: number };
  if (application === 0 && layout === 0 && tables.n === 0) return 0;
  if (application !== APPLICATION_ID) {
    throw new StoreLayoutError(`${path} is a database of another program`);
  }
  if (layout !== LAYOUT) {
    throw new StoreLayoutError(
      `${path} has layout ${layout}, this version knows ${LAYOUT}: it was written by a newer one`,
    );
  }
  return layout;
}

function create(db: DatabaseSync): void {
  db.exec(TABLES);
  for (const table of EXPIRING) {
    db.exec(`CREATE INDEX ${table}_by_expiry ON ${table} (expires) WHERE expires IS NOT NULL`);
  }
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  db.exec(`PRAGMA user_version = ${LAYOUT}`);
}

function pragma(db: DatabaseSync, name: 'application_id' | 'user_version'): number {
  return (db.prepare(`PRAGMA ${name}`).get() as Record<string, number>)[name] as number;
}

interface SqliteError extends Error {
  /** SQLite's result code, see sqlite.org/rescode.html. */
  readonly errcode?: number;
}

const SQLITE_BUSY = 5;
const SQLITE_NOTADB = 26;

function refusal(cause: SqliteError, path: string): Error {
  if (cause.errcode === SQLITE_BUSY) {
    return new StoreInUseError(
      `${path} is in use by another process, or by another store of this one`,
    );
  }
  if (cause.errcode === SQLITE_NOTADB) return new StoreLayoutError(`${path} isn't a database`);
  return new StoreUnavailableError(`can't open ${path}: ${cause.message}`, { cause });
}
