export { type FoundCookie, readCookie, withoutCookie } from './cookie-header.ts';
export { type CookiePayload, decodePayload, encodePayload } from './cookie-payload.ts';
export { epochHolds, nextEpoch } from './epoch.ts';
export { SessionArgumentError, SessionRecordError, SessionTooLargeError } from './errors.ts';
export { newSid, sessionId, storeKeys, subjectTags, successorSid, tagOf } from './ids.ts';
export type { SessionKeys } from './ports.ts';
export { decodeRecord, encodeRecord, RECORD_FORMAT, type SessionRecord } from './record.ts';
export { type Renewal, renewal } from './renewal.ts';
export { open, type SealContext, seal, type Unsealed } from './seal.ts';
export {
  type CookieAttributes,
  type CookieWriter,
  createCookieWriter,
} from './set-cookie.ts';
export {
  type Expiry,
  type SessionState,
  sessionEnd,
  sessionState,
  type Timeouts,
  timeouts,
} from './state.ts';
