export { type FoundCookie, readCookie, withoutCookie } from './cookie-header.ts';
export { type CookiePayload, decodePayload, encodePayload } from './cookie-payload.ts';
export {
  decodeEpoch,
  EPOCH_FORMAT,
  type EpochRecord,
  encodeEpoch,
  epochHolds,
  nextEpoch,
  raisedEpoch,
  sessionStands,
} from './epoch.ts';
export {
  SessionArgumentError,
  SessionConflictError,
  SessionRecordError,
  SessionTooLargeError,
} from './errors.ts';
export { newSid, sessionId, storeKeys, subjectTags, successorSid, tagOf } from './ids.ts';
export type { SessionKeys } from './ports.ts';
export { decodeRecord, encodeRecord, RECORD_FORMAT, type SessionRecord } from './record.ts';
export { type Renewal, renewal } from './renewal.ts';
export {
  memberRevocation,
  type Revocation,
  type RevocationDelta,
  revocationDelta,
  revocationMember,
  revocationOf,
} from './revocation.ts';
export {
  appendRevocations,
  type RevocationBatch,
  type RevocationHead,
  type RevocationSource,
  revocationSource,
} from './revocation-log.ts';
export type { RevocationSpace, WritableRevocationSpace } from './revocation-ports.ts';
export { RevocationTable } from './revocation-table.ts';
export { type FollowedRing, RING_EPOCH, type RingSource, ringSource } from './ring-source.ts';
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
