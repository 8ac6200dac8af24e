import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type Bus, followFeed, ownFeed } from '@sallyport/bus';
import { openLocalHub } from '@sallyport/bus/local';
import { openNatsBus } from '@sallyport/bus/nats';
import {
  type Certs,
  type CertsPorts,
  certsConfig,
  createCerts,
  createChangeLog,
} from '@sallyport/certs';
import {
  certificates,
  certsList,
  certsObtain,
  type DataOf,
  gateway,
  type ReplyOf,
} from '@sallyport/contracts';
import {
  entityFeed,
  entityLog,
  feedChanges,
  openEntityWriter,
  routes,
  services,
} from '@sallyport/gateway';
import { certificateFeed } from '@sallyport/pki';
import {
  type Clock,
  createHealth,
  createLogger,
  loadConfig,
  randomIds,
  systemClock,
} from '@sallyport/runtime';
import type { Store } from '@sallyport/store';
import { openRedisStore } from '@sallyport/store/redis';
import { openSqliteStore } from '@sallyport/store/sqlite';
import { startNats } from '../world/nats.ts';
import { tempDir } from '../world/program.ts';
import { startRedis } from '../world/redis.ts';
import { openTestRings } from './world.ts';

const ids = randomIds(systemClock);

/** What instances of certs share: a store and a bus, each seen from several places. */
export interface Ground extends AsyncDisposable {
  store(): Promise<Store>;
  bus(): Promise<Bus>;
  /** Where other processes find it. */
  readonly at?: { readonly redis: number; readonly nats: string };
}

export async function embeddedGround(): Promise<Ground> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await tempDir());
  const file = (name: string) => join(dir.path, name);
  const store = stack.use(await openSqliteStore({ path: file('store.db'), clock: systemClock }));
  const hub = stack.use(await openLocalHub({ path: file('bus.db'), clock: systemClock }));
  const owned = stack.move();
  return {
    store: async () => store,
    bus: async () =>
      owned.use(hub.connect({ source: '/certs', instance: randomUUID(), clock: systemClock, ids })),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export async function clusterGround(): Promise<Ground> {
  await using stack = new AsyncDisposableStack();
  const [redis, nats] = await Promise.all([startRedis(), startNats()]);
  stack.use(redis);
  stack.use(nats);
  const owned = stack.move();
  return {
    store: async () =>
      owned.use(
        await openRedisStore({
          ...{ mode: 'single', host: redis.host, port: redis.port, prefix: 'trial' },
        }),
      ),
    bus: async () =>
      owned.use(
        await openNatsBus({
          ...{ servers: nats.url, service: 'certs', source: '/certs', instance: randomUUID() },
          ...{ clock: systemClock, ids },
        }),
      ),
    at: { redis: redis.port, nats: nats.url },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type Rings = CertsPorts['rings'];
type Delta = DataOf<typeof certificates>;

export interface Instance extends AsyncDisposable {
  readonly certs: Certs;
  /** What it logged. */
  readonly lines: string[];
}

export interface StartOptions {
  readonly clock?: Clock;
  /** Puts something between the service and the space `certs`. */
  readonly between?: (space: CertsPorts['spaces']['certs']) => CertsPorts['spaces']['certs'];
}

/** Services over one ground, and whoever asks and hears them. */
export async function openCertsWorld(open: () => Promise<Ground>) {
  await using stack = new AsyncDisposableStack();
  const ground = stack.use(await open());
  const { accounts, portable, ...others } = await openTestRings();
  const rings: Rings = { ...others, acmeAccounts: accounts };
  const [store, bus] = [await ground.store(), await ground.bus()];
  const space = store.space('certs');

  const log = entityLog(store.space('gateway'), [services, routes]);
  const owner = stack.use(
    ownFeed({
      feed: gateway,
      feeds: bus.feeds,
      source: entityFeed(log),
      clock: systemClock,
    }),
  );
  const entities = await openEntityWriter({
    ...{ log, types: [services, routes], uuid: randomUUID, clock: systemClock },
    written: (delta, head) => owner.announce(head, feedChanges(delta)),
  });

  // The first change of all begins the numbering, which readers answer by forgetting everything.
  const changes = createChangeLog({ space, ids, announce: () => {} });
  await changes.append({ kind: 'refusal', name: 'first.test' });
  const heard: Delta[] = [];
  const source = certificateFeed(space);
  let missed = 0;
  const reader = stack.use(
    await followFeed({
      ...{ feed: certificates, feeds: bus.feeds, clock: systemClock },
      source: {
        ...source,
        async since(at, signal) {
          const deltas = await source.since(at, signal);
          missed += deltas?.length ?? 0;
          return deltas;
        },
      },
      reset: () => {},
      apply: (delta) => heard.push(delta),
    }),
  );
  await reader.ready();
  const owned = stack.move();

  return {
    ...{ ground, rings, portable, store, bus, space, entities, heard, reader },
    /** How many changes the reader had to ask the store for, because it hadn't been told. */
    missed: () => missed,
    async start(settings: object = {}, options: StartOptions = {}): Promise<Instance> {
      const { clock = systemClock, between = (given) => given } = options;
      const text = JSON.stringify({ certs: settings });
      const { values } = await loadConfig({
        sections: [certsConfig],
        files: [{ name: 'test', text }],
      });
      const lines: string[] = [];
      const sink = {
        write: (line: string) => void lines.push(line),
        flush: async () => {},
      };
      const own = await ground.store();
      const certs = createCerts(
        {
          spaces: {
            certs: between(own.space('certs')),
            acme: own.space('acme'),
            ca: own.space('ca'),
            gateway: own.space('gateway'),
          },
          ...{ rings, clock, ids, bus: await ground.bus() },
          logger: createLogger({ sink, level: 'debug' }),
          health: owned.use(createHealth()),
        },
        values.certs,
      );
      owned.use(certs);
      await certs.start();
      return { certs, lines, [Symbol.asyncDispose]: () => certs[Symbol.asyncDispose]() };
    },
    obtain(
      name: string,
      how: { readonly waitMs?: number; readonly timeoutMs?: number } = {},
    ): Promise<ReplyOf<typeof certsObtain>> {
      const client = { address: '127.0.0.1' };
      const { timeoutMs = 20_000, ...more } = how;
      return bus.rpc.request(certsObtain, { name, client, ...more }, { timeoutMs });
    },
    list(query: DataOf<typeof certsList> = {}): Promise<ReplyOf<typeof certsList>> {
      return bus.rpc.request(certsList, query);
    },
    async addRoute(fields: object) {
      const outcome = await entities.insert(routes, fields);
      if (!outcome.ok) throw new Error(JSON.stringify(outcome.violation));
      return outcome.value;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
