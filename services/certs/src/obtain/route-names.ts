import { type FeedReader, type Feeds, followFeed } from '@sallyport/bus';
import { gateway } from '@sallyport/contracts';
import {
  changesOf,
  EntityTables,
  entityFeed,
  entityLog,
  type Route,
  routes,
} from '@sallyport/gateway';
import type { Clock, Logger } from '@sallyport/runtime';
import type { Space } from '@sallyport/store';
import type { RouteNames } from './permission.ts';

/** The names of our own routes, as the gateway's feed has them. */
export interface FollowedRouteNames extends RouteNames, AsyncDisposable {
  /** Whether there is a snapshot. */
  readonly known: boolean;
}

/** Follows the feed `gateway`; the last snapshot holds while it is stale. `space`: `gateway`, only read. */
export async function followRouteNames(ports: {
  readonly space: Space;
  readonly feeds: Feeds;
  readonly clock: Clock;
  readonly logger: Logger;
}): Promise<FollowedRouteNames> {
  const { space, feeds, clock, logger } = ports;
  let tables = new EntityTables([routes]);
  let names: ReturnType<typeof namesOf> | undefined;
  const reader: FeedReader = await followFeed({
    ...{ feed: gateway, feeds, clock, source: entityFeed(entityLog(space, [routes])) },
    reset(value) {
      tables = value;
      names = undefined;
    },
    apply(delta, version) {
      tables.apply({ version, changes: changesOf(delta) });
      if (delta.changes.some(({ entity }) => entity === 'routes')) names = undefined;
    },
    onError: (error) => logger.warn('routes could not be read', { error }),
  });
  const has = (name: string) => {
    names ??= namesOf(tables.list(routes));
    return names.has(name);
  };
  return {
    has: (name, signal) =>
      reader.head === undefined ? reader.ready(signal).then(() => has(name)) : has(name),
    get known() {
      return reader.head !== undefined;
    },
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
  };
}

/**
 * The names that `list` is reached by over TLS that ends here: hosts and server names of routes that take https. `*.` in front is
 * one label here, though routes take any number: enumerators go deeper. What has its star at the end is no name to issue for.
 */
export function namesOf(list: readonly Pick<Route, 'hosts' | 'protocols' | 'snis'>[]): {
  has(name: string): boolean;
} {
  const exact = new Set<string>();
  const parents = new Set<string>();
  for (const { hosts, protocols, snis } of list) {
    if (!protocols.includes('https')) continue;
    for (const host of [...(hosts ?? []), ...(snis ?? [])]) {
      const name = host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
      if (name.startsWith('*.')) parents.add(name.slice(2));
      else if (!name.includes('*')) exact.add(name);
    }
  }
  return {
    has(name) {
      const dot = name.indexOf('.');
      return exact.has(name) || (dot > 0 && parents.has(name.slice(dot + 1)));
    },
  };
}
