import { SessionRecordError } from './errors.ts';

/** What is stored under `storeKeys.epoch`: all sessions of the tag that were made before `epoch` have ended, but for one. */
export interface EpochRecord {
  readonly epoch: number;
  /** The one that goes on, if it was made in this epoch or a later one: what an earlier revocation ended stays ended. */
  readonly except?: { readonly session: string; readonly epoch: number };
}

/** The number of the format that is written today. */
export const EPOCH_FORMAT = 1;

/**
 * Whether a session made in epoch `made` is still good when its subject's epoch is `current` (undefined: there is none).
 *
 * Revoking everything sets the epoch to a number greater than any before. A session carries the epoch that was read in the
 * commit that made it, so no clocks are compared: what was made before the revocation carries less, what was made after, in
 * the same millisecond too, carries the same. The epoch has to be kept as long as the longest absolute time-out.
 */
export function epochHolds(made: number, current: number | undefined): boolean {
  return current === undefined || made >= current;
}

/** The epoch that revoking everything sets: the time, or one more than before when time didn't move on. */
export function nextEpoch(current: number | undefined, now: number): number {
  return Math.max(now, (current ?? 0) + 1);
}

/** Whether the session is good when its subject's epoch is `current` (undefined: there is none). */
export function sessionStands(
  { id, epoch }: { readonly id: string; readonly epoch: number },
  current: EpochRecord | undefined,
): boolean {
  if (epochHolds(epoch, current?.epoch)) return true;
  const except = current?.except;
  return except !== undefined && except.session === id && epoch >= except.epoch;
}

/** The epoch that revoking everything but `except` sets. */
export function raisedEpoch(
  current: EpochRecord | undefined,
  now: number,
  except?: string,
): EpochRecord {
  const epoch = nextEpoch(current?.epoch, now);
  if (except === undefined) return { epoch };
  const spared = current?.except?.session === except ? current.except.epoch : (current?.epoch ?? 0);
  return { epoch, except: { session: except, epoch: spared } };
}

/** UTF-8 JSON. */
export function encodeEpoch(record: EpochRecord): Buffer {
  return Buffer.from(JSON.stringify(record));
}

/** Of the stored entry; undefined for none. Throws `SessionRecordError` for another format, or what isn't one. */
export function decodeEpoch(
  entry: { readonly value: Uint8Array; readonly format: number } | undefined,
): EpochRecord | undefined {
  if (entry === undefined) return undefined;
  if (entry.format !== EPOCH_FORMAT) {
    throw new SessionRecordError(
      `epoch has format ${entry.format}, the only known is ${EPOCH_FORMAT}`,
    );
  }
  let record: Partial<EpochRecord> | null;
  try {
    record = JSON.parse(Buffer.from(entry.value).toString());
  } catch (cause) {
    throw new SessionRecordError('epoch must be JSON', { cause });
  }
  if (!Number.isSafeInteger(record?.epoch)) {
    throw new SessionRecordError('epoch must have a whole number');
  }
  return record as EpochRecord;
}
