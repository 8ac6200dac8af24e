import {
  createRouter,
  type EntityTables,
  type EntityType,
  type Plugin,
  type Route,
  type Router,
  routes,
  type Service,
  services,
} from '@sallyport/gateway';
import type { Logger } from '@sallyport/runtime';
import type { EdgePlugin, PluginHooks } from '../plugins/plugin.ts';
import { type Chain, type ConfiguredPlugin, chainOf } from './chain.ts';

/** What requests are served by: one version of the gateway's entities, compiled. Never changes. */
export interface GatewayVersion {
  readonly version: number;
  readonly router: Router;
  readonly services: ReadonlyMap<string, Service>;
  /** The route's service; undefined when it has none. */
  serviceOf(route: Route): Service | undefined;
  chain(route: Route, scheme: 'http' | 'https'): Chain;
}

/** Configured plugins by entity: an entity that a change didn't touch keeps its hooks, and what they remember. */
export type Configured = WeakMap<Plugin, ConfiguredPlugin>;

interface Parts {
  readonly tables: EntityTables;
  readonly pluginType: EntityType;
  readonly plugins: ReadonlyMap<string, EdgePlugin>;
  readonly configured: Configured;
  readonly logger: Logger;
}

export function compile({
  tables,
  pluginType,
  plugins,
  configured,
  logger,
}: Parts): GatewayVersion {
  const byId = new Map(tables.list(services).map((service) => [service.id, service]));
  // As in Kong, a service that is switched off takes its routes with it.
  const live = tables
    .list(routes)
    .filter(({ service }) => service === null || byId.get(service.id)?.enabled !== false);
  const entities = tables.list(pluginType) as unknown as Plugin[];
  const active = entities
    .filter(({ enabled }) => enabled)
    .map((entity) => {
      let made = configured.get(entity);
      if (made === undefined) {
        made = configure(entity, plugins.get(entity.name), logger);
        configured.set(entity, made);
      }
      return made;
    });
  const chains = { http: new Map<string, Chain>(), https: new Map<string, Chain>() };
  const serviceOf = (route: Route) =>
    route.service === null ? undefined : byId.get(route.service.id);
  return {
    version: tables.version,
    router: routerOf(live, logger),
    services: byId,
    serviceOf,
    chain(route, scheme) {
      let chain = chains[scheme].get(route.id);
      if (chain === undefined) {
        chain = chainOf(route, serviceOf(route), scheme, active);
        chains[scheme].set(route.id, chain);
      }
      return chain;
    },
  };
}

/** One route that this version can't read must not take the others with it. */
function routerOf(all: readonly Route[], logger: Logger): Router {
  try {
    return createRouter(all);
  } catch {
    const good = all.filter((route) => {
      try {
        createRouter([route]);
        return true;
      } catch (error) {
        logger.error('route left out', { route: route.id, error });
        return false;
      }
    });
    return createRouter(good);
  }
}

/**
 * A plugin that can't be configured, or isn't known here, refuses every request it is for: it may be the one that would have kept somebody
 * out.
 */
function configure(
  entity: Plugin,
  plugin: EdgePlugin | undefined,
  logger: Logger,
): ConfiguredPlugin {
  if (plugin === undefined) {
    logger.error('unknown plugin refuses its requests', { plugin: entity.id, name: entity.name });
    const priority = Number.POSITIVE_INFINITY;
    return { entity, priority, hooks: refusing(`plugin '${entity.name}' is unknown`) };
  }
  const { schema } = plugin;
  const { value, faults } = schema.validate(entity.config);
  try {
    if (Object.keys(faults).length > 0) throw new RangeError(JSON.stringify(faults));
    const config = value as Plugin['config'];
    return { entity, priority: schema.priority, hooks: plugin.configure({ ...entity, config }) };
  } catch (error) {
    const facts = { plugin: entity.id, name: entity.name, error };
    logger.error('plugin that can’t be configured refuses its requests', facts);
    const hooks = refusing(`plugin '${entity.name}' isn't configured`);
    return { entity, priority: schema.priority, hooks };
  }
}

function refusing(text: string): PluginHooks {
  return {
    access() {
      throw new TypeError(text);
    },
  };
}
