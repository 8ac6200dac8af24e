import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Bus } from '@sallyport/bus';
import { openLocalHub } from '@sallyport/bus/local';
import { openNatsBus } from '@sallyport/bus/nats';
import {
  type DataOf,
  type ReplyOf,
  type SealedText,
  sealedFieldContext,
  sessionsCreate,
  sessionsList,
  sessionsRenew,
  sessionsRevoke,
} from '@sallyport/contracts';
import { createKeyRings, type KeyRing, MasterKey } from '@sallyport/pki';
import {
  type Clock,
  createHealth,
  createLogger,
  loadConfig,
  randomIds,
  systemClock,
} from '@sallyport/runtime';
import { decodePayload, open, sessionId } from '@sallyport/session';
import { createSessions, type SessionsPorts, sessionsConfig } from '@sallyport/sessions';
import type { Space, Store } from '@sallyport/store';
import { openRedisStore } from '@sallyport/store/redis';
import { openSqliteStore } from '@sallyport/store/sqlite';
import { ringStore } from '../../infra/cli/src/house/ring-store.ts';
import { type MovedClock, movedClock } from '../world/moved-clock.ts';
import { startNats } from '../world/nats.ts';
import { tempDir } from '../world/program.ts';
import { startRedis } from '../world/redis.ts';

const masterKey = new MasterKey(Buffer.alloc(32, 7));

type Settings = Record<string, unknown>;

/** What stays when a process ends: store, broker, and the keys in the store. */
export interface World extends AsyncDisposable {
  readonly store: Store;
  readonly space: Space;
  readonly clock: Clock;
  connect(service: 'sessions' | 'edge'): Promise<Bus>;
}

/** Everything in one process, in a time that the test moves. */
export async function embeddedWorld(): Promise<World & { readonly clock: MovedClock }> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await tempDir());
  const clock = movedClock(Date.UTC(2026, 10, 22, 12));
  const store = stack.use(await openSqliteStore({ path: join(dir.path, 'store.sqlite'), clock }));
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

export interface Brokers {
  readonly redisPort: number;
  readonly natsUrl: string;
}

/** A process's view of brokers that run already. */
export async function joinBrokers(
  { redisPort, natsUrl }: Brokers,
  clock: Clock = systemClock,
): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const store = stack.use(
    await openRedisStore({
      ...{ mode: 'single', host: '127.0.0.1', port: redisPort, prefix: 'sallyport' },
      // Every commit is fsynced here, and CI's disk is shared.
      commandTimeoutMs: 10_000,
    }),
  );
  const owned = stack.move();
  return {
    ...{ store, space: store.space('sessions'), clock },
    connect: async (service) =>
      owned.use(
        await openNatsBus({
          ...{ servers: natsUrl, service, source: `/${service}`, instance: randomUUID() },
          ...{ clock: systemClock, ids: randomIds(systemClock) },
        }),
      ),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Real brokers. */
export async function clusterWorld(clock?: Clock): Promise<World & { readonly brokers: Brokers }> {
  await using stack = new AsyncDisposableStack();
  const [redis, nats] = await Promise.all([startRedis(), startNats()]);
  stack.use(redis);
  stack.use(nats);
  const brokers = { redisPort: redis.port, natsUrl: nats.url };
  const world = stack.use(await joinBrokers(brokers, clock));
  const owned = stack.move();
  return { ...world, brokers, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The edge's side: it makes its ring of message keys, which sessions seals for. */
export interface Edge {
  readonly bus: Bus;
  readonly ring: KeyRing;
  create(data: Partial<DataOf<typeof sessionsCreate>>, key?: string): Promise<Told>;
  renew(
    cookie: string,
    options?: Omit<DataOf<typeof sessionsRenew>, 'cookie'>,
    key?: string,
  ): Promise<(Told & { outcome: 'renewed' }) | { outcome: 'refused'; reason: string }>;
  revoke(
    target: DataOf<typeof sessionsRevoke>['target'],
    reason?: string,
    key?: string,
  ): Promise<number>;
  list(subject: string, limit?: number): Promise<ReplyOf<typeof sessionsList>['sessions']>;
  /** What is in a cookie of audience `shop`. */
  look(cookie: string, storage?: 'server' | 'cookie', name?: string): ReturnType<typeof lookInto>;
}

interface Told {
  readonly session: string;
  readonly cookie: string;
  readonly expires: string;
}

export const AUDIENCE = 'shop';

function lookInto(ring: KeyRing, cookie: string, storage: 'server' | 'cookie', name: string) {
  const opened = open(ring, { audience: AUDIENCE, name, storage, remember: false }, cookie);
  if (opened.outcome === 'refused') throw new Error(opened.reason);
  const payload = decodePayload(opened.payload);
  if (payload === undefined) throw new Error('no payload');
  return { ...payload, tag: opened.tag, id: sessionId(opened.tag, payload.sid) };
}

/** One instance of the service, and what it logged. */
export interface Instance extends AsyncDisposable {
  readonly ports: SessionsPorts;
  readonly lines: string[];
  drain(signal: AbortSignal): Promise<void>;
}

async function configOf(settings: Settings) {
  const text = JSON.stringify({ sessions: settings });
  const { values } = await loadConfig({
    ...{ sections: [sessionsConfig], files: [{ name: 'test', text }], env: {} },
  });
  return values.sessions;
}

const ringsOf = (world: World, service: 'edge' | 'sessions') =>
  createKeyRings({ store: ringStore(world.store), clock: world.clock }, { service, masterKey });

export async function startSessions(
  world: World,
  settings: Settings = {},
  change: (ports: SessionsPorts) => SessionsPorts = (ports) => ports,
): Promise<Instance> {
  await using stack = new AsyncDisposableStack();
  await ringsOf(world, 'edge').openReader('messages-edge');
  const keys = ringsOf(world, 'sessions');
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line), flush: async () => {} };
  const { clock, space } = world;
  const ports = change({
    ...{ space, clock, keys, bus: await world.connect('sessions'), ids: randomIds(clock) },
    rings: { sessions: await keys.openRing('sessions'), tickets: await keys.openRing('tickets') },
    sealer: await keys.openSealer('messages-edge'),
    reader: await keys.openReader('messages-sessions'),
    logger: createLogger({ sink, level: 'debug' }),
    health: stack.use(createHealth()),
  });
  const service = stack.use(createSessions(ports, await configOf(settings)));
  await service.start();
  const owned = stack.move();
  return {
    ...{ ports, lines },
    drain: async (signal) => await service.drain?.(signal),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** To be opened when an instance has been there. */
export async function openEdge(world: World, timeoutMs = 20_000): Promise<Edge> {
  const rings = ringsOf(world, 'edge');
  const ring = await rings.openRing('sessions');
  const reader = await rings.openReader('messages-edge');
  const sealer = await rings.openSealer('messages-sessions');
  const bus = await world.connect('edge');
  const contextOf = (rpc: { subject: string }, id: string) =>
    sealedFieldContext({ subject: rpc.subject, path: '/cookie', id });
  const unseal = (rpc: { subject: string }, id: string, { session, cookie, expires }: Told) => ({
    ...{ session, expires },
    cookie: reader.openSecret(cookie, { context: contextOf(rpc, id) }).toString(),
  });
  return {
    ...{ bus, ring },
    look: (cookie, storage = 'server', name = 'session') => lookInto(ring, cookie, storage, name),
    async create(data, idempotencyKey = randomUUID()) {
      const reply = await bus.rpc.request(
        sessionsCreate,
        { audience: AUDIENCE, subject: 'alice', ...data },
        { idempotencyKey, timeoutMs },
      );
      return unseal(sessionsCreate, idempotencyKey, reply);
    },
    async renew(cookie, options = {}, idempotencyKey = randomUUID()) {
      const context = contextOf(sessionsRenew, idempotencyKey);
      const sealed = sealer.sealSecret(Buffer.from(cookie), { context, ttlMs: 10_000 });
      const reply = await bus.rpc.request(
        sessionsRenew,
        { audience: AUDIENCE, ...options, cookie: sealed as SealedText },
        { idempotencyKey, timeoutMs },
      );
      if (reply.outcome === 'refused') return { outcome: 'refused', reason: reply.reason };
      return { outcome: 'renewed', ...unseal(sessionsRenew, idempotencyKey, reply) };
    },
    async revoke(target, reason = 'logout', idempotencyKey = randomUUID()) {
      const asked = { audience: AUDIENCE, target, reason };
      const { revoked } = await bus.rpc.request(sessionsRevoke, asked, {
        ...{ idempotencyKey, timeoutMs },
      });
      return revoked;
    },
    async list(subject, limit) {
      const asked = { audience: AUDIENCE, subject, ...(limit === undefined ? {} : { limit }) };
      return (await bus.rpc.request(sessionsList, asked, { timeoutMs })).sessions;
    },
  };
}

/** An instance and an edge in a world of their own. */
export async function startAll(settings: Settings = {}) {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await embeddedWorld());
  const instance = stack.use(await startSessions(world, settings));
  const edge = await openEdge(world);
  const owned = stack.move();
  return {
    ...{ world, clock: world.clock, space: world.space, instance, edge },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
