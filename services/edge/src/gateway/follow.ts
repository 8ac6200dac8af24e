import { type Bus, type FeedReader, followFeed } from '@sallyport/bus';
import { gateway as gatewayFeed } from '@sallyport/contracts';
import {
  changesOf,
  consumers,
  type EntitySpace,
  EntityTables,
  entityFeed,
  entityLog,
  keyAuths,
  pluginSchemas,
  pluginsWith,
  routes,
  services,
} from '@sallyport/gateway';
import type { Clock, Logger } from '@sallyport/runtime';
import type { EdgePlugin } from '../plugins/plugin.ts';
import { directoryOf } from './directory.ts';
import { type Configured, compile, type GatewayVersion } from './version.ts';

export interface GatewayPorts {
  readonly space: EntitySpace;
  readonly bus: Pick<Bus, 'feeds'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly plugins: readonly EdgePlugin[];
  /** Called with every version that comes into use. */
  readonly onVersion?: (version: GatewayVersion) => void;
}

/** The gateway's entities as this edge has them. */
export interface Gateway extends AsyncDisposable {
  /** What a request that begins now is served by; it goes on with it whatever changes meanwhile. */
  current(): GatewayVersion;
  directory(): ReturnType<typeof directoryOf>;
  /** Whether everything that was committed is known here; it is served either way. */
  readonly fresh: boolean;
  ready(signal?: AbortSignal): Promise<void>;
}

/** Compiling may take this share of the time at most, however fast changes come: a quarter. */
const REST = 3;
/** A numbering that begins, or a change that overtakes another, is made good in less. */
const WORTH_TELLING_MS = 2000;

export async function followGateway(ports: GatewayPorts): Promise<Gateway> {
  const { clock, logger } = ports;
  const plugins = new Map(ports.plugins.map((plugin) => [plugin.schema.name, plugin]));
  const pluginType = pluginsWith(pluginSchemas(ports.plugins.map(({ schema }) => schema)));
  const types = [services, routes, consumers, pluginType, keyAuths];
  const configured: Configured = new WeakMap();
  let tables = new EntityTables(types);
  let directory = directoryOf(tables);
  let version: GatewayVersion | undefined;
  let dirty = true;
  let nextAt = 0;

  /** Compiles when somebody needs it: many changes in a row cost one compilation. */
  const current = (): GatewayVersion => {
    if (version !== undefined && (!dirty || clock.monotonic() < nextAt)) return version;
    const began = clock.monotonic();
    dirty = false;
    try {
      version = compile({ tables, pluginType, plugins, configured, logger });
    } catch (error) {
      if (version === undefined) throw error;
      logger.error('gateway entities can’t be served; the version before goes on', { error });
      return version;
    }
    const ended = clock.monotonic();
    nextAt = ended + REST * (ended - began);
    ports.onVersion?.(version);
    return version;
  };

  const life = new AbortController();
  const warnIfStale = () => {
    if (reader.fresh) return;
    logger.warn('gateway entities may be out of date; the last ones known serve', {
      stale_ms: Math.round(reader.staleMs),
    });
  };
  const reader: FeedReader = await followFeed({
    feed: gatewayFeed,
    feeds: ports.bus.feeds,
    source: entityFeed(entityLog(ports.space, types)),
    clock,
    reset(value) {
      tables = value;
      directory = directoryOf(tables);
      dirty = true;
    },
    apply(delta, applied) {
      tables.apply({ version: applied, changes: changesOf(delta) });
      dirty = true;
    },
    onFresh: (fresh) => {
      if (fresh) logger.info('gateway entities are up to date');
      else clock.sleep(WORTH_TELLING_MS, life.signal).then(warnIfStale, () => {});
    },
    onError: (error) => logger.warn('gateway entities could not be read', { error }),
  });
  return {
    current,
    directory: () => directory,
    get fresh() {
      return reader.fresh;
    },
    ready: (signal) => reader.ready(signal),
    async [Symbol.asyncDispose]() {
      life.abort();
      await reader[Symbol.asyncDispose]();
    },
  };
}
