import { sessionId, successorSid } from './ids.ts';
import type { SessionKeys } from './ports.ts';
import type { SessionRecord } from './record.ts';
import type { Timeouts } from './state.ts';

/** What renewing a session writes: both records, in one commit that checks that the old one hasn't changed. */
export interface Renewal {
  /** The successor's secret, for the new cookie. The same whoever renews. */
  readonly sid: Buffer;
  readonly id: string;
  readonly successor: SessionRecord;
  /** The old record: taken until `stale` has passed, and pointing on. */
  readonly old: SessionRecord;
}

/**
 * The renewal of a session at `now`. When the record was superseded already the same `sid` and `id` come out, and `old` is
 * the record as it is: read the successor's record instead of writing. Undefined when the record's key is retired: log in again.
 */
export function renewal(
  keys: SessionKeys,
  tag: string,
  sid: Uint8Array,
  record: SessionRecord,
  now: number,
  { stale }: Timeouts,
): Renewal | undefined {
  const next = successorSid(keys, sid, record);
  if (next === undefined) return undefined;
  const id = sessionId(tag, next);
  const { superseded, ...kept } = record;
  return {
    ...{ sid: next, id },
    successor: {
      ...kept,
      ...{ rolled: now, seen: now, generation: record.generation + 1, kid: keys.active },
      previous: sessionId(tag, sid),
    },
    old:
      superseded === undefined ? { ...record, superseded: { by: id, until: now + stale } } : record,
  };
}
