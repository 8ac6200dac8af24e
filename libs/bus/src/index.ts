export type {
  Broker,
  ConsumeOptions,
  Consumption,
  Delivery,
  Message,
  StoredMessage,
} from './broker.ts';
export { createBus } from './bus.ts';
export {
  BusArgumentError,
  BusClosedError,
  BusInUseError,
  BusUnavailableError,
  PayloadTooLargeError,
  RpcBusyError,
  RpcContractError,
  RpcFailedError,
  RpcTimeoutError,
  RpcUnavailableError,
} from './errors.ts';
export { type Gap, GapTracker, type GapTrackerOptions } from './events/gaps.ts';
export { type FeedOwner, type FeedOwnerOptions, ownFeed } from './feed/owner.ts';
export type { FeedHead, FeedSource } from './feed/ports.ts';
export { type FeedReader, type FeedReaderOptions, followFeed } from './feed/reader.ts';
export type {
  Bus,
  BusFault,
  BusOptions,
  DeadLetter,
  DeadLetters,
  DeliveryContext,
  DeliveryLimits,
  EventContext,
  EventHandler,
  EventPattern,
  Events,
  Feeds,
  Job,
  JobHandler,
  JobOutcome,
  Jobs,
  Outgoing,
  OutgoingMessage,
  OutgoingOptions,
  PublishOptions,
  RecordOptions,
  RequestContext,
  RequestOptions,
  RespondOptions,
  Rpc,
  RpcHandler,
  StartFrom,
  SubscribeOptions,
  Subscription,
  WorkOptions,
} from './ports.ts';
export {
  announcePresence,
  type NodeDescription,
  type PresenceOptions,
} from './presence/announce.ts';
export {
  type PresenceWatch,
  type PresentNode,
  type WatchOptions,
  watchPresence,
} from './presence/watch.ts';
export { type Relay, type RelayOptions, relayOutbox } from './relay.ts';
