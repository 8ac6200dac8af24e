import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Rpc } from '@sallyport/bus';
import { openLocalHub } from '@sallyport/bus/local';
import { openNatsBus } from '@sallyport/bus/nats';
import type { RpcType } from '@sallyport/contracts';
import {
  type Answer,
  createSessions,
  type EdgePlugin,
  type Exchange,
  edgePlugins,
  type PluginDirectory,
  type PluginHooks,
  type SessionSettings,
  type Sessions,
} from '@sallyport/edge';
import {
  type Consumer,
  type KeyAuth,
  type Plugin,
  type Route,
  routes,
  type Service,
  services,
} from '@sallyport/gateway';
import { createKeyRings, MasterKey, type SecretReader, type ServiceName } from '@sallyport/pki';
import { createLogger, randomIds, systemClock } from '@sallyport/runtime';
import type { Space } from '@sallyport/store';
import { StoreUnavailableError } from '@sallyport/store';
import { openRedisStore } from '@sallyport/store/redis';
import { openSqliteStore } from '@sallyport/store/sqlite';
import { ringStore } from '../../infra/cli/src/house/ring-store.ts';
import type { World } from '../sessions/sessions-world.ts';
import { type MovedClock, movedClock } from '../world/moved-clock.ts';
import { startNats } from '../world/nats.ts';
import { tempDir } from '../world/program.ts';
import { startRedis } from '../world/redis.ts';

/** What an edge asked others for, and what of it is away. */
interface Trips {
  /** Reads of sessions; following the feed isn't among them. */
  store: number;
  /** Questions by type. */
  readonly rpc: string[];
  storeAway: boolean;
}

/** A space that counts, and can be away. */
function watchedSpace(space: Space, trips: Trips): Pick<Space, 'get' | 'range'> {
  const check = () => {
    if (trips.storeAway) throw new StoreUnavailableError('the store is away, says the test');
  };
  return {
    async get(keys, signal) {
      if (keys.some(([partition]) => partition !== 'revocation-log')) trips.store += 1;
      check();
      return space.get(keys, signal);
    },
    async range(index, query, signal) {
      check();
      return space.range(index, query, signal);
    },
  };
}

function watchedRpc(rpc: Rpc, trips: Trips): Pick<Rpc, 'request'> {
  return {
    request: ((type: RpcType, ...rest: unknown[]) => {
      trips.rpc.push(type.type);
      return (rpc.request as (...args: unknown[]) => unknown)(type, ...rest);
    }) as Rpc['request'],
  };
}

/** Everything in one process. What a power cut leaves isn't looked at here, so commits don't wait for a disk that others use too. */
export async function edgeWorld(): Promise<World & { readonly clock: MovedClock }> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await tempDir());
  const clock = movedClock(Date.UTC(2026, 10, 22, 12));
  const path = join(dir.path, 'store.sqlite');
  const store = stack.use(
    await openSqliteStore({ path, clock, synchronous: 'normal', deadlineMs: 60_000 }),
  );
  const hub = stack.use(await openLocalHub({ path: ':memory:', clock: systemClock }));
  const owned = stack.move();
  return {
    ...{ store, space: store.space('sessions'), clock },
    connect: async (service) =>
      owned.use(
        hub.connect({
          ...{ source: `/${service}`, instance: randomUUID() },
          ...{ clock: systemClock, ids: randomIds(systemClock) },
        }),
      ),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Real brokers, that the test may kill and start again. */
export async function brokenWorld() {
  await using stack = new AsyncDisposableStack();
  const [redis, nats] = await Promise.all([startRedis(['--appendfsync', 'no']), startNats()]);
  stack.use(redis);
  stack.use(nats);
  const at = { host: '127.0.0.1', port: redis.port, prefix: 'sallyport' };
  const store = stack.use(await openRedisStore({ mode: 'single', ...at }));
  const owned = stack.move();
  const world: World = {
    ...{ store, space: store.space('sessions'), clock: systemClock },
    connect: async (service) =>
      owned.use(
        await openNatsBus({
          ...{ servers: nats.url, service, source: `/${service}`, instance: randomUUID() },
          ...{ clock: systemClock, ids: randomIds(systemClock) },
        }),
      ),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
  return { ...world, redis, nats };
}

const masterKey = new MasterKey(Buffer.alloc(32, 7));
export const ringsOf = (world: World, service: ServiceName) =>
  createKeyRings({ store: ringStore(world.store), clock: world.clock }, { service, masterKey });

/** Consumers and keys, as a snapshot would have them. */
class People implements PluginDirectory {
  readonly consumers = new Map<string, Consumer>();
  readonly keys = new Map<string, KeyAuth>();
  readonly #digest: (key: string) => string;

  constructor(digest: (key: string) => string) {
    this.#digest = digest;
  }

  add(username: string, key?: string, ttl: number | null = null, now = Date.now()): Consumer {
    const times = { created_at: Math.floor(now / 1000), updated_at: 0, tags: null };
    const consumer = { ...times, id: randomUUID(), username, custom_id: null };
    this.consumers.set(consumer.id, consumer);
    if (key !== undefined) {
      const id = randomUUID();
      const key_digest = this.#digest(key);
      this.keys.set(id, { ...times, id, key_digest, consumer: { id: consumer.id }, ttl });
    }
    return consumer;
  }

  consumer(id: string) {
    return this.consumers.get(id);
  }

  consumerNamed(name: string) {
    return this.consumer(name) ?? [...this.consumers.values()].find((c) => c.username === name);
  }

  keyAuth(digest: string) {
    return [...this.keys.values()].find((key) => key.key_digest === digest);
  }

  keyAuthById(id: string) {
    return this.keys.get(id);
  }
}

/** An edge's plugins and sessions over a world; another one over the same world is another edge. */
export interface EdgeSide extends AsyncDisposable {
  readonly sessions: Sessions;
  readonly people: People;
  readonly trips: Trips;
  readonly lines: string[];
  /** The plugin with this configuration. */
  plugin(name: string, config?: Record<string, unknown>): PluginHooks;
}

const digestKey = (key: string) => Buffer.from(`digest of ${key}`).toString('base64url');

export async function openEdgeSide(
  world: World,
  settings: Partial<SessionSettings> = {},
  people = new People(digestKey),
): Promise<EdgeSide> {
  await using stack = new AsyncDisposableStack();
  const trips: Trips = { store: 0, rpc: [], storeAway: false };
  const rings = ringsOf(world, 'edge');
  const bus = await world.connect('edge');
  const rpc = watchedRpc(bus.rpc, trips);
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line), flush: async () => {} };
  const { clock } = world;
  // Auth makes the ring that passwords are sealed for.
  await ringsOf(world, 'auth').openReader('messages-auth');
  const parts = { clock, ids: randomIds(clock), logger: createLogger({ sink, level: 'debug' }) };
  const sessions = stack.use(
    createSessions(
      {
        ...{ ...parts, rpc, feeds: bus.feeds, space: watchedSpace(world.space, trips) },
        keys: await rings.openRing('sessions'),
        cookieReader: await rings.openReader('messages-edge'),
        cookieSealer: await rings.openSealer('messages-sessions'),
      },
      settings,
    ),
  );
  await sessions.start();
  const passwordSealer = await rings.openSealer('messages-auth');
  const plugins = edgePlugins({
    ...{ ...parts, rpc, sessions, passwordSealer, digestKey },
    directory: () => people,
  });
  const owned = stack.move();
  return {
    ...{ sessions, people, trips, lines },
    plugin: (name, config = {}) => configured(plugins, name, config),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function configured(plugins: readonly EdgePlugin[], name: string, config: object): PluginHooks {
  const plugin = plugins.find(({ schema }) => schema.name === name) as EdgePlugin;
  const { value, faults } = plugin.schema.validate(config);
  if (Object.keys(faults).length > 0) throw new Error(JSON.stringify(faults));
  const entity = { id: randomUUID(), name, config: value } as unknown as Plugin;
  return plugin.configure(entity);
}

export function authReader(world: World): Promise<SecretReader> {
  return ringsOf(world, 'auth').openReader('messages-auth');
}

const route = routes.validate({ id: randomUUID(), name: 'shop', paths: ['/'] }).value as Route;
const service = services.validate({ id: randomUUID(), name: 'shop-service', host: 'up.test' })
  .value as Service;

export interface Ask {
  readonly method?: string;
  readonly query?: string;
  /** Names in lower case; several values are several fields. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly form?: string;
  readonly secure?: boolean;
}

/** What a request led to. */
export interface Outcome {
  /** Of the plugin that answered; undefined: the upstream was asked. */
  readonly answer: Answer | undefined;
  readonly status: number;
  readonly identity: Exchange['identity'];
  /** Values of Set-Cookie. */
  readonly setCookie: readonly string[];
  /** Headers for the upstream that plugins changed; undefined: taken away. */
  readonly upstream: ReadonlyMap<string, string | undefined>;
  readonly removed: { readonly query: readonly string[]; readonly form: readonly string[] };
}

/** Takes a request through plugins, in the order given, as an edge would. */
export async function ask(plugins: readonly PluginHooks[], request: Ask = {}): Promise<Outcome> {
  const upstream = new Map<string, string | undefined>();
  const removed = { query: [] as string[], form: [] as string[] };
  const setCookie: string[] = [];
  const valuesOf = (name: string) => {
    const value = request.headers?.[name];
    return value === undefined ? [] : typeof value === 'string' ? [value] : [...value];
  };
  const query = request.query ?? '';
  const exchange: Exchange = {
    id: randomUUID(),
    connection: {
      id: 'connection-1',
      scheme: request.secure === false ? 'http' : 'https',
      client: { address: '192.0.2.7', port: 40_000 },
      local: { address: '127.0.0.1', port: 8443 },
      protocol: 'TLSv1.3',
      cipher: 'TLS_AES_128_GCM_SHA256',
    },
    request: {
      ...{ method: request.method ?? 'GET', target: `/a?${query}`, path: '/a', query },
      ...{ host: { name: 'shop.test', port: undefined }, version: '1.1' },
      header: (name) => {
        const values = valuesOf(name);
        return values.length === 0 ? undefined : values.join(name === 'cookie' ? '; ' : ', ');
      },
      headers: valuesOf,
    },
    ...{ route, service, identity: undefined },
    upstream: {
      setHeader: (name, value) => void upstream.set(name.toLowerCase(), value),
      removeHeader: (name) => void upstream.set(name.toLowerCase(), undefined),
      removeQuery: (name) => void removed.query.push(name),
      removeFormField: (name) => void removed.form.push(name),
    },
    answer: {
      setHeader: () => {},
      addHeader: (name, value) => {
        if (name === 'set-cookie') setCookie.push(value);
      },
    },
    signal: new AbortController().signal,
    form: async (limit) =>
      request.form === undefined || request.form.length > limit
        ? undefined
        : new URLSearchParams(request.form),
  };
  let answer: Answer | undefined;
  for (const plugin of plugins) {
    answer = await plugin.access?.(exchange);
    if (answer !== undefined) break;
  }
  const status = answer?.status ?? 200;
  for (const plugin of plugins) await plugin.response?.(exchange, { status });
  return { answer, status, identity: exchange.identity, setCookie, upstream, removed };
}

/** What a browser would send back, of the first cookie that isn't taken away. */
export function cookieOf({ setCookie }: Outcome): string {
  const kept = setCookie.filter((text) => !text.includes('Max-Age=0'));
  return kept.map((text) => text.slice(0, text.indexOf(';'))).join('; ');
}

export const messageOf = ({ answer }: Outcome): unknown =>
  answer?.body === undefined ? undefined : JSON.parse(String(answer.body)).message;
