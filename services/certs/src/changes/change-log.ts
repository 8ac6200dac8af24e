import {
  type CertificateChange,
  type ChangeHead,
  storedChangeHead,
  storedChanges,
} from '@sallyport/pki';
import type { Ids } from '@sallyport/runtime';
import { encodeKey, type IndexChange, type Put, type Space } from '@sallyport/store';
import { ChangeLogContentionError } from '../errors.ts';

/** Where changes get their version, so that edges can tell whether they have heard of all of them. */
export interface ChangeLog {
  /**
   * Appends `change`, if there is one, and applies `listing` in the same commit; then tells the edges. What comes together
   * is one commit, in the order of the calls. Rejects with the store's errors: then it may have been done or not, and if it
   * was, edges learn of it by the version of the next heartbeat. Rejects with `ChangeLogContentionError` too.
   */
  append(change: CertificateChange | undefined, listing?: readonly IndexChange[]): Promise<void>;
}

export interface ChangeLogPorts {
  /** The space `certs`. */
  readonly space: Space;
  readonly ids: Ids;
  /** Called after `change` was committed as version `head.version`. */
  readonly announce: (head: ChangeHead, change: CertificateChange) => void;
}

/** How long an edge may have been away and still learn what it missed instead of forgetting everything. */
const DELTA_TTL_MS = 3_600_000;
/** Of one commit: up to four changes each, of the 1,000 that it may have. */
const MOST_TOGETHER = 200;
/** Every conflict is another process's success; so many in a row are none of those. */
const ATTEMPTS = 200;

interface Waiting {
  readonly change: CertificateChange | undefined;
  readonly listing: readonly IndexChange[];
  readonly done: PromiseWithResolvers<void>;
}

/** The log in the store; any number of processes may write it. */
export function createChangeLog({ space, ids, announce }: ChangeLogPorts): ChangeLog {
  const queue: Waiting[] = [];
  let writing = false;

  async function write(batch: readonly Waiting[]): Promise<void> {
    const changes = batch.flatMap(({ change }) => change ?? []);
    const index = lastOfEach(batch.flatMap(({ listing }) => listing));
    if (changes.length === 0) {
      if (index.length > 0) await space.commit({ index });
      return;
    }
    for (let tries = 0; tries < ATTEMPTS; tries += 1) {
      const [entry] = await space.get([storedChangeHead.key]);
      const { version: last = 0, epoch = ids.next() } = storedChangeHead.decode(entry) ?? {};
      const head = { epoch, version: last + changes.length };
      const put: Put[] = [
        {
          key: storedChangeHead.key,
          value: storedChangeHead.encode(head),
          format: storedChangeHead.format,
        },
        ...changes.map((change, i) => ({
          key: storedChanges.key(last + 1 + i),
          value: storedChanges.encode(change),
          format: storedChanges.format,
          ttlMs: DELTA_TTL_MS,
        })),
      ];
      const check = [{ key: storedChangeHead.key, version: entry?.version }];
      if (!(await space.commit({ check, put, index })).ok) continue;
      for (const [i, change] of changes.entries()) {
        announce({ epoch, version: last + 1 + i }, change);
      }
      return;
    }
    throw new ChangeLogContentionError(
      `others were faster ${ATTEMPTS} times to write the log of certificates`,
    );
  }

  async function drain(): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.splice(0, MOST_TOGETHER);
      try {
        await write(batch);
        for (const { done } of batch) done.resolve();
      } catch (error) {
        for (const { done } of batch) done.reject(error);
      }
    }
    writing = false;
  }

  return {
    append(change, listing = []) {
      const done = Promise.withResolvers<void>();
      queue.push({ change, listing, done });
      if (!writing) {
        writing = true;
        void drain();
      }
      return done.promise;
    },
  };
}

/** A commit may change each member of an index once: what was said last about it counts. */
function lastOfEach(listing: readonly IndexChange[]): IndexChange[] {
  const last = new Map<string, IndexChange>();
  for (const change of listing) {
    last.set(`${encodeKey(change.index)} ${'add' in change ? change.add : change.remove}`, change);
  }
  return [...last.values()];
}
