import type { Clock, ConfigOf } from '@sallyport/runtime';
import type { RedisStoreOptions } from '@sallyport/store/redis';
import type { storeConfig } from './store-config.ts';

/** Section `store.redis` as the adapter takes it. */
export function redisOptions(
  settings: ConfigOf<typeof storeConfig>['redis'],
  service: string,
  clock: Clock,
): RedisStoreOptions {
  const { mode, host, port, db, nodes, name, prefix, username, password } = settings;
  const common = {
    ...{ prefix, clock, commandTimeoutMs: settings.command_timeout },
    ...(password === undefined
      ? {}
      : { username: username ?? service, password: password.reveal() }),
  };
  if (mode === 'single') return { ...common, mode, host, port, db };
  const addresses = nodes.length > 0 ? nodes : [{ host, port }];
  return mode === 'sentinel'
    ? { ...common, mode, sentinels: addresses, name, db }
    : { ...common, mode, nodes: addresses };
}
