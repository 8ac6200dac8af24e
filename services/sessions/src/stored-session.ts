import {
  decodeEpoch,
  decodeRecord,
  type EpochRecord,
  encodeRecord,
  RECORD_FORMAT,
  type SessionRecord,
  sessionEnd,
  storeKeys,
  type Timeouts,
} from '@sallyport/session';
import type { Check, Entry, Member, Put, Space } from '@sallyport/store';

/** What the store says of one session, at one moment. */
export interface StoredSession {
  readonly id: string;
  readonly record: SessionRecord | undefined;
  /** It was ended before its time. */
  readonly revoked: boolean;
  /** Of its subject. */
  readonly epoch: EpochRecord | undefined;
  /** That nothing of the above has changed. */
  readonly unchanged: readonly Check[];
}

/** One round trip: all of a subject is in one partition. */
export async function readSession(
  space: Space,
  id: string,
  tag: string,
  signal?: AbortSignal,
): Promise<StoredSession> {
  const keys = [storeKeys.record(id), storeKeys.revoked(id), storeKeys.epoch(tag)];
  const [record, revoked, epoch] = await space.get(keys, signal);
  return {
    id,
    record: recordOf(record),
    revoked: revoked !== undefined,
    epoch: decodeEpoch(epoch),
    unchanged: [record, revoked, epoch].map((entry, i) => ({
      key: keys[i] as (typeof keys)[number],
      version: entry?.version,
    })),
  };
}

const PAGE = 1_000;

/** The sessions in the index of a tag, with their records. */
export async function membersOf(
  space: Space,
  tag: string,
  signal?: AbortSignal,
): Promise<{ readonly id: string; readonly record: SessionRecord }[]> {
  const found: { id: string; record: SessionRecord }[] = [];
  for (let after: Member | undefined; ; ) {
    const query = { limit: PAGE, ...(after === undefined ? {} : { after }) };
    const members = await space.range(storeKeys.index(tag), query, signal);
    const entries = await readAll(space, members, signal);
    for (const [i, { member: id }] of members.entries()) {
      const record = recordOf(entries[i]);
      if (record !== undefined) found.push({ id, record });
    }
    if (members.length < PAGE) return found;
    after = members.at(-1);
  }
}

async function readAll(space: Space, members: readonly Member[], signal?: AbortSignal) {
  if (members.length === 0) return [];
  return await space.get(
    members.map(({ member }) => storeKeys.record(member)),
    signal,
  );
}

function recordOf(entry: Entry | undefined): SessionRecord | undefined {
  return entry === undefined ? undefined : decodeRecord(entry.value);
}

/** Writes `record` until it ends by `limits`; one that was renewed, until its grace is over at least. */
export function putRecord(id: string, record: SessionRecord, now: number, limits: Timeouts): Put {
  return {
    ...{ key: storeKeys.record(id), value: encodeRecord(record), format: RECORD_FORMAT },
    ttlMs: timeLeft(Math.max(endOf(record, limits), record.superseded?.until ?? 0), now),
  };
}

/** When it ends if nothing renews it; there is always an end. */
export function endOf(record: SessionRecord, limits: Timeouts): number {
  return sessionEnd(record, limits) ?? record.created + limits.absolute;
}

/** A time to live as the store takes it: what has ended just now lives for another millisecond. */
export function timeLeft(end: number, now: number): number {
  return Math.max(1, end - now);
}
