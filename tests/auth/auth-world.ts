import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Auth, type AuthPorts, authConfig, createAuth } from '@sallyport/auth';
import type { Bus } from '@sallyport/bus';
import { openLocalHub } from '@sallyport/bus/local';
import { openNatsBus } from '@sallyport/bus/nats';
import {
  authDecide,
  authDecided,
  type DataOf,
  type ReplyOf,
  type SealedText,
  sealedFieldContext,
} from '@sallyport/contracts';
import { createKeyRings, MasterKey, type SecretReader, type SecretSealer } from '@sallyport/pki';
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
import { countingEngine } from '../passwords/counting.ts';
import { memoryRings } from '../pki/memory-rings.ts';
import { type MovedClock, movedClock } from '../world/moved-clock.ts';
import { type NatsServer, startNats } from '../world/nats.ts';
import { tempDir } from '../world/program.ts';
import { type RedisServer, startRedis } from '../world/redis.ts';
import { until } from '../world/until.ts';
import { failingBus, failingSpace, noOutages, type Outages } from './outages.ts';

/** `alice` has `correct horse`, `bob` has `staple`, with an account and attributes. Cheap to verify. */
export const USERS = [
  'alice:{SSHA256}CFsq5JPfiBQ0W3uR5Dnao+9mknEq9a739V+FPkJ6yjABAgMEBQYHCA==',
  'bob:{SSHA256}aqdIolEeiZx8FDeZsYRPksc0UrMOIl/X5+WvZ+jqTLkBAgMEBQYHCA==:bob@example.com:groups=staff:groups=mail:quota=1G',
  '',
].join('\n');
export const RIGHT = { alice: 'correct horse', bob: 'staple' } as const;

type Question = DataOf<typeof authDecide>;
type Reply = ReplyOf<typeof authDecide>;
export type Decided = DataOf<typeof authDecided>;

/** Store, bus and keys that several instances of auth share. */
export interface World extends AsyncDisposable {
  readonly clock: MovedClock;
  readonly store: Store;
  readonly reader: SecretReader;
  readonly sealer: SecretSealer;
  /** Gives the ring of the passwords a new key; the sealer knows, the reader doesn't. */
  rotate(): Promise<void>;
  /** A folder of the test's own. */
  readonly dir: string;
  connect(service?: 'auth' | 'edge' | 'control'): Promise<Bus>;
}

export interface ClusterWorld extends World {
  readonly redis: RedisServer;
  readonly nats: NatsServer;
}

const ids = randomIds(systemClock);

export async function rings(clock: Clock) {
  const store = memoryRings();
  const masterKey = new MasterKey(Buffer.alloc(32, 7));
  const auth = createKeyRings({ store, clock }, { service: 'auth', masterKey });
  const reader = await auth.openReader('messages-auth');
  const edge = createKeyRings({ store, clock }, { service: 'edge', masterKey });
  const sealer = await edge.openSealer('messages-auth');
  const rotate = async () => {
    await auth.rotate('messages-auth');
    await sealer.reload();
  };
  return { reader, sealer, rotate };
}

/** SQLite and the local bus. */
export async function embeddedWorld(): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const clock = movedClock();
  const { path: dir } = stack.use(await tempDir());
  const store = stack.use(
    await openSqliteStore({ path: join(dir, 'store.sqlite'), clock, synchronous: 'normal' }),
  );
  const hub = stack.use(await openLocalHub({ path: join(dir, 'bus.db'), clock: systemClock }));
  const owned = stack.move();
  return {
    ...{ clock, store, dir, ...(await rings(clock)) },
    connect: async (service = 'auth') =>
      owned.use(
        hub.connect({
          ...{ source: `/${service}`, instance: randomUUID(), clock: systemClock, ids },
        }),
      ),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Real brokers. */
export async function clusterWorld(): Promise<ClusterWorld> {
  await using stack = new AsyncDisposableStack();
  const clock = movedClock();
  const { path: dir } = stack.use(await tempDir());
  const [redis, nats] = await Promise.all([startRedis(), startNats()]);
  stack.use(redis);
  stack.use(nats);
  const { host, port } = redis;
  const store = stack.use(
    await openRedisStore({
      ...{ mode: 'single', host, port, prefix: 'sallyport', commandTimeoutMs: 2000 },
    }),
  );
  const owned = stack.move();
  return {
    ...{ clock, store, dir, redis, nats, ...(await rings(clock)) },
    connect: async (service = 'auth') =>
      owned.use(
        await openNatsBus({
          ...{ servers: nats.url, service, source: `/${service}`, instance: randomUUID() },
          ...{ clock: systemClock, ids },
        }),
      ),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface JsonReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** One running instance of auth. */
export interface Instance extends AsyncDisposable {
  readonly auth: Auth;
  readonly outages: Outages;
  /** What was asked of the engine that computes hashes. */
  readonly hashed: readonly unknown[];
  readonly lines: readonly string[];
  /** Decisions in the order of the stream, from before the start on. */
  readonly decided: readonly Decided[];
  post(body: unknown, headers?: Record<string, string>): Promise<JsonReply>;
  /** A wrong or right login through the HTTP door. */
  login(username: string, password: string, clientIp?: string): Promise<JsonReply>;
  /** Through the bus; the password sealed as an edge does it. */
  ask(
    question: Partial<Question> & { readonly password?: never; readonly clear?: string },
    options?: { readonly key?: string; readonly sealed?: string },
  ): Promise<Reply>;
  seal(password: string, key: string): SealedText;
  /** The decision's event, once it is in the stream. */
  event(decision: string | null): Promise<Decided>;
}

export interface InstanceOptions {
  readonly config?: Record<string, unknown>;
  readonly users?: string;
  readonly ports?: Partial<AuthPorts>;
  readonly env?: Record<string, string>;
  /** What is away from the start. */
  readonly away?: Partial<Outages>;
}

let files = 0;

export async function configOf(config: Record<string, unknown>, env: Record<string, string> = {}) {
  const text = JSON.stringify({
    auth: { ...config, http: { port: 0, drain_idle: '0s', ...(config['http'] ?? {}) } },
  });
  const { values } = await loadConfig({
    ...{ sections: [authConfig], files: [{ name: 'test', text }], env },
  });
  return values.auth;
}

export async function startAuth(
  world: World,
  { config = {}, users = USERS, ports = {}, env = {}, away = {} }: InstanceOptions = {},
): Promise<Instance> {
  await using stack = new AsyncDisposableStack();
  const { clock, store, reader, sealer } = world;
  files += 1;
  const path = join(world.dir, `users-${files}`);
  await writeFile(path, users);
  const outages = Object.assign(noOutages(), away);
  const engine = countingEngine();
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line), flush: async () => {} };
  const auth = stack.use(
    createAuth(
      {
        space: failingSpace(store.space('auth'), outages),
        bans: failingSpace(store.space('bans'), outages),
        bus: failingBus(await world.connect(), outages),
        ...{ reader, clock, ids, engine, version: '0.1.0' },
        logger: createLogger({ sink, level: 'debug' }),
        health: stack.use(createHealth()),
        ...ports,
      },
      await configOf({ backends: [{ kind: 'file', path }], ...config }, env),
    ),
  );
  await auth.start();
  const asking = await world.connect('edge');
  const decided: Decided[] = [];
  stack.use(
    await (await world.connect('control')).events.subscribe(
      authDecided,
      { from: 'all' },
      ({ data }) => void decided.push(data),
    ),
  );

  const seal = (password: string, key: string) =>
    sealer.sealSecret(Buffer.from(password), {
      context: sealedFieldContext({ subject: authDecide.subject, path: '/password', id: key }),
      ttlMs: 10_000,
    }) as SealedText;
  const post = async (body: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${auth.url}/api/v1/generic/json`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };

  const owned = stack.move();
  return {
    ...{ auth, outages, lines, decided, post, seal, hashed: engine.asked },
    login: (username, password, client_ip = '192.0.2.7') => post({ username, password, client_ip }),
    async ask({ clear, ...question }, { key = randomUUID(), sealed } = {}) {
      const password =
        (sealed as SealedText | undefined) ?? (clear === undefined ? undefined : seal(clear, key));
      return await asking.rpc.request(
        authDecide,
        {
          ...{ login: 'alice', door: 'edge', client: { address: '192.0.2.7' }, ...question },
          ...(password === undefined ? {} : { password }),
        },
        { idempotencyKey: key },
      );
    },
    event: (decision) => until(() => decided.find((data) => data.decision === decision)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A rule for all of a /24, so small that a test fills it. */
export const rule = (limit: number, more: object = {}) => ({
  brute_force: {
    rules: [{ name: 'net', ipv4: 24, ipv6: 48, period: '1m', limit, ban_time: '10m' }],
    ...more,
  },
});
