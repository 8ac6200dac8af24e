import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bus, BusFault, BusOptions } from '@sallyport/bus';
import { openLocalHub } from '@sallyport/bus/local';
import { openNatsBus } from '@sallyport/bus/nats';
import {
  createKeyRings,
  createMasterKeyFile,
  type KeyRings,
  type MasterKey,
  parseMasterKey,
  readMasterKeyFile,
  type ServiceName,
} from '@sallyport/pki';
import { type Clock, type ConfigOf, type Ids, type Logger, meter } from '@sallyport/runtime';
import type { Store } from '@sallyport/store';
import { openRedisStore } from '@sallyport/store/redis';
import { openSqliteStore } from '@sallyport/store/sqlite';
import type { busConfig } from './bus-config.ts';
import type { keysConfig, nodeConfig } from './node-config.ts';
import { redisOptions } from './redis-options.ts';
import { ringStore } from './ring-store.ts';
import type { storeConfig } from './store-config.ts';

/** The sections that say how a process reaches what it shares with others. */
export interface SharedSettings {
  readonly node: ConfigOf<typeof nodeConfig>;
  readonly keys: ConfigOf<typeof keysConfig>;
  readonly store: ConfigOf<typeof storeConfig>;
  readonly bus: ConfigOf<typeof busConfig>;
}

/** What one service works with: its own user at the brokers, its own name in messages, its own keys. */
export interface Shared {
  readonly store: Store;
  readonly bus: Bus;
  readonly rings: KeyRings;
}

export interface SharedPorts {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  /** Takes what is opened; disposed after the services. */
  readonly stack: AsyncDisposableStack;
}

/** Opens {@link Shared} for services of one process, one after the other. */
export interface Adapters {
  open(service: ServiceName, signal: AbortSignal): Promise<Shared>;
}

const faults = meter('sallyport.bus').counter('sallyport.bus.faults', {
  description: 'What went wrong on the bus where nobody waited for an answer.',
});

/** Embedded adapters are opened once and shared; those of a cluster once for each service, as that service's user. */
export async function createAdapters(
  settings: SharedSettings,
  instance: string,
  ports: SharedPorts,
  signal: AbortSignal,
): Promise<Adapters> {
  const { node, store, bus } = settings;
  const { clock, ids, logger, stack } = ports;
  await mkdir(node.data, { recursive: true, mode: 0o700 });
  const masterKey = await openMasterKey(settings, signal);
  const connection = (service: ServiceName): BusOptions => ({
    ...{ source: `/${service}/${instance}`, instance: `${service}-${instance}`, clock, ids },
    onFault: (fault) => report(logger, service, fault),
  });
  const sqlite =
    store.kind === 'sqlite'
      ? stack.use(
          await openSqliteStore(
            {
              path: join(node.data, 'store.db'),
              clock,
              onSweepError: (error) => logger.warn('expired records are not removed', { error }),
            },
            signal,
          ),
        )
      : undefined;
  const hub =
    bus.kind === 'local'
      ? stack.use(await openLocalHub({ path: join(node.data, 'bus.db'), clock }))
      : undefined;

  return {
    async open(service, stop) {
      const opened =
        sqlite ?? stack.use(await openRedisStore(redisOptions(store.redis, service, clock), stop));
      const { servers, prefix, username, password, streams, replicas } = bus.nats;
      const connected =
        hub?.connect(connection(service)) ??
        (await openNatsBus(
          {
            ...connection(service),
            ...{ servers, prefix, service, streams, replicas },
            ...(password === undefined
              ? {}
              : { auth: { user: username ?? service, password: password.reveal() } }),
            onError: (error, subject) => logger.warn('bus', { service, subject, error }),
          },
          stop,
        ));
      stack.use(connected);
      const rings = createKeyRings({ store: ringStore(opened), clock }, { service, masterKey });
      return { store: opened, bus: connected, rings };
    },
  };
}

/** Embedded, the key is made when there is none: nobody else could have it. */
async function openMasterKey(
  { node, keys, store }: SharedSettings,
  signal: AbortSignal,
): Promise<MasterKey> {
  if (keys.master !== undefined) return parseMasterKey(keys.master.reveal(), 'keys.master');
  const path = keys.master_file ?? join(node.data, 'keys', 'master');
  return store.kind === 'sqlite'
    ? await createMasterKeyFile(path, signal)
    : await readMasterKeyFile(path, signal);
}

function report(logger: Logger, service: ServiceName, { kind, subject, error }: BusFault): void {
  faults.add(1, { service, kind });
  logger.warn('bus fault', { service, kind, subject, error });
}
