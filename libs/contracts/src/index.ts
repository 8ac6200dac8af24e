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
export { ContractError } from './errors.ts';
