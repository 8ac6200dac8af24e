export { decodeBatch, decodeEvents, encodeBatch } from './batch.ts';
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
