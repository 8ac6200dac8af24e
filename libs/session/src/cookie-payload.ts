import { SID_BYTES } from './ids.ts';
import { decodeRecord, encodeRecord, type SessionRecord } from './record.ts';

/** What is sealed in a cookie: the session's secret, and with cookie storage the record too. */
export interface CookiePayload {
  readonly sid: Buffer;
  readonly record?: SessionRecord;
}

/** 32 bytes of secret, then the record, but for what only the store needs. */
export function encodePayload({ sid, record }: CookiePayload): Buffer {
  if (record === undefined) return Buffer.from(sid);
  const { client: _client, previous: _previous, ...carried } = record;
  return Buffer.concat([sid, encodeRecord(carried)]);
}

/** Undefined when there are too few bytes; throws `SessionRecordError` as {@link decodeRecord} does. */
export function decodePayload(bytes: Buffer): CookiePayload | undefined {
  if (bytes.length < SID_BYTES) return undefined;
  const sid = bytes.subarray(0, SID_BYTES);
  const rest = bytes.subarray(SID_BYTES);
  return rest.length === 0 ? { sid } : { sid, record: decodeRecord(rest) };
}
