export { type Consumer, consumers } from './entities/consumer.ts';
export type { Entity, EntityType, ReferenceRule } from './entities/entity.ts';
export { type KeyAuth, keyAuths, keyExpired } from './entities/key-auth.ts';
export { type Plugin, pluginsWith } from './entities/plugin.ts';
export { type Route, routes } from './entities/route.ts';
export { type Service, services } from './entities/service.ts';
export { expandServiceUrl, type ServiceAddress } from './entities/service-url.ts';
export {
  changesOf,
  type EntityFeed,
  entityFeed,
  type FeedChanges,
  feedChanges,
} from './entity-feed.ts';
export { type EntityLog, entityLog, type LogHead } from './entity-log.ts';
export {
  type EntityWriter,
  type EntityWriterPorts,
  type Outcome,
  openEntityWriter,
} from './entity-writer.ts';
export { SnapshotFormatError, SnapshotGapError, WriteContentionError } from './errors.ts';
export { keyAuthPlugin } from './plugins/key-auth.ts';
export { pipelineAuthPlugin } from './plugins/pipeline-auth.ts';
export { requestTerminationPlugin } from './plugins/request-termination.ts';
export {
  definePlugin,
  type PluginSchema,
  type PluginSchemas,
  pluginSchemas,
} from './plugins/schemas.ts';
export { sessionPlugin } from './plugins/session.ts';
export type {
  AnnouncedMessage,
  EntityKey,
  EntitySpace,
  IndexMember,
  StoredEntity,
} from './ports.ts';
export type { RouteRequest } from './router/alternative.ts';
export { parseHost, type RequestHost } from './router/host.ts';
export { normalizePath, upstreamPath } from './router/path.ts';
export { createRouter, type RouteMatch, type Router } from './router/router.ts';
export { type Delta, type EntityChange, EntityTables, type Snapshot } from './snapshot.ts';
export { describe, type Faults, type Violation } from './violation.ts';
