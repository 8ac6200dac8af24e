import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Version } from '../ports.ts';

/** Numbers that only grow, also across restarts: lease tokens, turns in the queue. And versions. */
export interface Sequence {
  /** Larger than every number that any earlier transaction of this file was given. */
  next(): number;
  /** A version that no other write of this file has had. */
  version(): Version;
  /** Writes down how far it went. Part of the transaction that used it. */
  save(): void;
}

export function openSequence(db: DatabaseSync): Sequence {
  let { last } = db.prepare('SELECT last FROM sequence').get() as { last: number };
  let saved = last;
  const write = db.prepare('UPDATE sequence SET last = ?');
  // Versions need no disk: random for each opening of the file, even one that was restored from a backup.
  const opening = randomBytes(9).toString('base64url');
  let written = 0;
  return {
    next() {
      last += 1;
      return last;
    },
    version() {
      written += 1;
      return `${opening}.${written.toString(36)}` as Version;
    },
    save() {
      if (saved === last) return;
      write.run(last);
      saved = last;
    },
  };
}
