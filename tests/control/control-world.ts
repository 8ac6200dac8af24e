import { createHmac, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Bus } from '@sallyport/bus';
import { openLocalHub } from '@sallyport/bus/local';
import { openNatsBus } from '@sallyport/bus/nats';
import { type Control, type ControlPorts, controlConfig, createControl } from '@sallyport/control';
import {
  keyAuthPlugin,
  pipelineAuthPlugin,
  requestTerminationPlugin,
  sessionPlugin,
} from '@sallyport/gateway';
import { createKeyRings, type KeyRing, MasterKey } from '@sallyport/pki';
import {
  type Clock,
  createHealth,
  createLogger,
  type LogSink,
  loadConfig,
  randomIds,
  systemClock,
} from '@sallyport/runtime';
import type { Space } from '@sallyport/store';
import { openRedisStore } from '@sallyport/store/redis';
import { openSqliteStore } from '@sallyport/store/sqlite';
import { memoryRings } from '../pki/memory-rings.ts';
import { type NatsServer, startNats } from '../world/nats.ts';
import { tempDir } from '../world/program.ts';
import { type RedisServer, startRedis } from '../world/redis.ts';

const ids = randomIds(systemClock);

/** The ring `credentials` over one memory, as a service sees it. */
const credentialRings = memoryRings();
function openCredentials(service: 'control' | 'edge'): Promise<KeyRing> {
  const masterKey = new MasterKey(Buffer.alloc(32, 7));
  const ports = { store: credentialRings, clock: systemClock };
  return createKeyRings(ports, { service, masterKey }).openRing('credentials');
}

/** What an edge takes for the digest of a key. */
export async function digestOfEdge(key: string): Promise<string> {
  const ring = await openCredentials('edge');
  const secret = ring.derive(ring.keys[0]?.kid ?? -1, 'key-auth', 32);
  return createHmac('sha256', secret).update(key).digest('base64url');
}

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely
  readonly json: any;
}

/** Asks as curl does: a string is a form, an object JSON. */
async function ask(
  base: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const type = typeof body === 'string' ? 'application/x-www-form-urlencoded' : 'application/json';
  const response = await fetch(`${base}${path}`, {
    method,
    headers: body === undefined ? headers : { 'content-type': type, ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = text !== '' && /json/.test(response.headers.get('content-type') ?? '');
  const json = isJson ? JSON.parse(text) : undefined;
  return { status: response.status, headers: response.headers, text, json };
}

export type Ask = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Reply>;

/** One instance of control, listening on a free port. */
export interface Instance extends AsyncDisposable {
  readonly control: Control;
  readonly ask: Ask;
  readonly lines: string[];
}

export async function startControl(
  ports: Pick<ControlPorts, 'space' | 'bus'>,
  api: Record<string, unknown> = {},
  env: Record<string, string> = {},
  more: Record<string, unknown> = {},
  clock: Clock = systemClock,
): Promise<Instance> {
  await using stack = new AsyncDisposableStack();
  const text = JSON.stringify({ control: { api: { port: 0, drain_idle: '0s', ...api }, ...more } });
  const { values, entries } = await loadConfig({
    ...{ sections: [controlConfig], files: [{ name: 'test', text }], env },
  });
  const lines: string[] = [];
  const sink: LogSink = {
    write: (line) => void lines.push(line),
    flush: async () => {},
  };
  const logger = createLogger({ sink, level: 'debug' });
  const control = stack.use(
    createControl(
      {
        ...{ ...ports, clock, logger, uuid: randomUUID, version: '0.1.0' },
        ...{ credentials: await openCredentials('control'), configuration: () => entries },
        health: stack.use(createHealth()),
        plugins: [keyAuthPlugin, pipelineAuthPlugin, sessionPlugin, requestTerminationPlugin],
      },
      values.control,
    ),
  );
  await control.start();
  const owned = stack.move();
  return {
    ...{ control, lines },
    ask: (...args) => ask(control.url as string, ...args),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export interface World extends AsyncDisposable {
  readonly space: Space;
  readonly redis?: RedisServer;
  readonly nats?: NatsServer;
  connect(): Promise<Bus>;
}

/** Everything in one process. */
export async function embeddedWorld(): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await tempDir());
  const store = stack.use(
    await openSqliteStore({ path: join(dir.path, 'store.sqlite'), clock: systemClock }),
  );
  const hub = stack.use(await openLocalHub({ path: join(dir.path, 'bus.db'), clock: systemClock }));
  const owned = stack.move();
  return {
    space: store.space('gateway'),
    connect: async () =>
      owned.use(
        hub.connect({ source: '/control', instance: randomUUID(), clock: systemClock, ids }),
      ),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Real brokers. */
export async function clusterWorld(): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const [redis, nats] = await Promise.all([startRedis(), startNats()]);
  stack.use(redis);
  stack.use(nats);
  const { host, port } = redis;
  const store = stack.use(
    await openRedisStore({
      ...{ mode: 'single', host, port, prefix: 'sallyport' },
      // Every commit is fsynced here, and CI's disk is shared.
      commandTimeoutMs: 10_000,
    }),
  );
  const owned = stack.move();
  return {
    ...{ space: store.space('gateway'), redis, nats },
    connect: async () =>
      owned.use(
        await openNatsBus({
          ...{ servers: nats.url, service: 'control', source: '/control', instance: randomUUID() },
          ...{ clock: systemClock, ids, connectTimeoutMs: 20_000 },
        }),
      ),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export const worlds = { 'SQLite and the local bus': embeddedWorld, 'Redis and NATS': clusterWorld };
