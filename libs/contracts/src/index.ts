export { actionsRun } from './actions.ts';
export { type AsyncApiOptions, asyncapi } from './asyncapi.ts';
export { authDecide, authDecided, bans } from './auth.ts';
export { decodeBatch, decodeEvents, encodeBatch } from './batch.ts';
export { type Contract, catalogue } from './catalogue.ts';
export {
  certificateFailed,
  certificateIssued,
  certificates,
  certsList,
  certsObtain,
} from './certs.ts';
export { breakingChanges } from './compatibility.ts';
export {
  type DataOf,
  defineEvent,
  defineFeed,
  defineJob,
  defineRpc,
  type EventType,
  type FeedType,
  type JobType,
  type ReplyOf,
  type RpcType,
} from './define.ts';
export {
  DROPPED,
  type Dropped,
  type DropReason,
  dropNoticeWriter,
  isDropNotice,
} from './dropped.ts';
export {
  CONTENT_TYPE,
  type Envelope,
  type EventFields,
  type EventWriter,
  eventWriter,
  type Origin,
} from './envelope.ts';
export { ContractError } from './errors.ts';
export { entityChanged, gateway } from './gateway.ts';
export { nodes } from './nodes.ts';
export {
  Personal,
  type PrivacyClass,
  type PrivacyPolicy,
  privacyFilter,
  type Treatment,
} from './privacy.ts';
export {
  Sealed,
  type SealedReader,
  type SealedText,
  sealedFieldContext,
  sealedFields,
} from './sealed.ts';
export {
  revocations,
  sessionCreated,
  sessionRenewed,
  sessionRevoked,
  sessionsCreate,
  sessionsList,
  sessionsRenew,
  sessionsRevoke,
  tickets,
} from './session.ts';
export { handshakeCompleted, handshakeFailed } from './tls.ts';
