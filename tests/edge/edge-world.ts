import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Bus, ownFeed } from '@sallyport/bus';
import { openLocalHub } from '@sallyport/bus/local';
import { certsObtain, gateway as gatewayFeed } from '@sallyport/contracts';
import { createEdge, type Edge, type EdgePorts, edgeConfig } from '@sallyport/edge';
import {
  consumers,
  type EntityType,
  entityFeed,
  entityLog,
  feedChanges,
  keyAuthPlugin,
  keyAuths,
  openEntityWriter,
  pipelineAuthPlugin,
  pluginSchemas,
  pluginsWith,
  requestTerminationPlugin,
  routes,
  services,
  sessionPlugin,
} from '@sallyport/gateway';
import { createKeyRings, createMasterKeyFile, readMasterKeyFile } from '@sallyport/pki';
import {
  createHealth,
  createLogger,
  type Health,
  loadConfig,
  randomIds,
  systemClock,
} from '@sallyport/runtime';
import { type Space, StoreUnavailableError } from '@sallyport/store';
import { openSqliteStore } from '@sallyport/store/sqlite';
import { memoryRings } from '../pki/memory-rings.ts';
import { tempDir } from '../world/program.ts';
import { until } from '../world/until.ts';

const pluginType = pluginsWith(
  pluginSchemas([sessionPlugin, keyAuthPlugin, pipelineAuthPlugin, requestTerminationPlugin]),
);
const types: readonly EntityType[] = [services, routes, consumers, pluginType, keyAuths];
const byName = {
  services,
  routes,
  consumers,
  plugins: pluginType,
  'key-auths': keyAuths,
} as const;

export interface EdgeWorld extends AsyncDisposable {
  readonly edge: Edge;
  readonly http: number;
  readonly https: number;
  readonly health: Health;
  readonly bus: Bus;
  readonly lines: string[];
  readonly ports: EdgePorts;
  /** Writes an entity and waits until the edge serves by it. */
  put(kind: keyof typeof byName, input: Record<string, unknown>): Promise<{ id: string }>;
  remove(kind: keyof typeof byName, id: string): Promise<void>;
  /** Writes entities as they are, past every check: what a newer or broken writer might leave. */
  putRaw(type: keyof typeof byName, value: Record<string, unknown>): Promise<void>;
  /** A service and its route, both by the name. */
  route(
    name: string,
    port: number,
    route: Record<string, unknown>,
    service?: Record<string, unknown>,
  ): Promise<{ service: string; route: string }>;
  /** Cuts the edge off from the store, or the feeds; true: as it should be. */
  reach: { store: boolean; bus: boolean };
}

export interface EdgeOptions {
  readonly config?: Record<string, unknown>;
  /** Written before the edge starts. */
  readonly before?: (world: Pick<EdgeWorld, 'put' | 'route'>) => Promise<void>;
  readonly ports?: (ports: EdgePorts) => EdgePorts;
}

/** An edge over a private store and bus, with somebody to write entities. */
export async function openEdge(options: EdgeOptions = {}): Promise<EdgeWorld> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await tempDir());
  const clock = systemClock;
  const ids = randomIds(clock);
  const store = stack.use(await openSqliteStore({ path: join(dir.path, 'store.sqlite'), clock }));
  const hub = stack.use(await openLocalHub({ path: ':memory:', clock }));
  const join2 = (source: string) =>
    stack.use(hub.connect({ source, instance: randomUUID(), clock, ids }));
  const bus = join2('/edge');
  const control = join2('/control');
  await createMasterKeyFile(join(dir.path, 'master'));
  const masterKey = await readMasterKeyFile(join(dir.path, 'master'));
  const ringPorts = { store: memoryRings(), clock };
  const rings = (service: 'auth' | 'certs' | 'control' | 'edge' | 'sessions') =>
    createKeyRings(ringPorts, { service, masterKey });
  await rings('certs').openRing('leaf-keys');
  await rings('sessions').openRing('sessions');
  await rings('sessions').openRing('tickets');
  await rings('control').openRing('credentials');
  await rings('auth').openReader('messages-auth');
  await rings('sessions').openReader('messages-sessions');
  const own = rings('edge');

  const space = store.space('gateway');
  const log = entityLog(space, types);
  const owner = stack.use(
    ownFeed({ feed: gatewayFeed, feeds: control.feeds, source: entityFeed(log), clock }),
  );
  const writer = await openEntityWriter({
    ...{ log, types, uuid: randomUUID, clock },
    written: (delta, head) => owner.announce(head, feedChanges(delta)),
  });

  // Nobody may have a certificate: names get the fallback at once instead of at the handshake's deadline.
  stack.use(
    await control.rpc.respond(certsObtain, {}, async () => ({
      ...{ outcome: 'refused' as const, reason: 'not-allowed' },
    })),
  );

  const lines: string[] = [];
  const reach = { store: true, bus: true };
  const health = stack.use(createHealth());
  const given: EdgePorts = {
    spaces: {
      gateway: cuttable(space, reach),
      certs: cuttable(store.space('certs'), reach),
      sessions: cuttable(store.space('sessions'), reach),
    },
    rings: {
      leafKeys: await own.openRing('leaf-keys'),
      sessions: await own.openRing('sessions'),
      tickets: await own.openRing('tickets'),
      credentials: await own.openRing('credentials'),
    },
    sealers: {
      toAuth: await own.openSealer('messages-auth'),
      toSessions: await own.openSealer('messages-sessions'),
    },
    readers: { fromSessions: await own.openReader('messages-edge') },
    bus: {
      events: bus.events,
      rpc: bus.rpc,
      feeds: {
        send: bus.feeds.send,
        listen: (feed, onMessage) =>
          bus.feeds.listen(feed, (body) => {
            if (reach.bus) onMessage(body);
          }),
      },
    },
    ...{ clock, ids, health },
    logger: createLogger({
      level: 'debug',
      sink: { write: (line) => void lines.push(line), flush: async () => {} },
    }),
  };
  const ports = options.ports?.(given) ?? given;

  let edge: Edge | undefined;
  const seen = async () => {
    const { version } = writer.snapshot;
    if (edge === undefined) return;
    const { http } = portsOf(edge);
    await until(async () => {
      // Compiles what is new: the edge does so when somebody asks it.
      await exchangeRaw(
        http,
        'GET /.nowhere HTTP/1.1\r\nHost: nowhere\r\nConnection: close\r\n\r\n',
      );
      return (edge?.status().version ?? -1) >= version;
    }, `version ${version} is served`);
  };
  const world = {
    async put(kind: keyof typeof byName, input: Record<string, unknown>) {
      const outcome = await writer.insert(byName[kind] as EntityType, input);
      if (!outcome.ok) throw new Error(JSON.stringify(outcome));
      await seen();
      return outcome.value as unknown as { id: string };
    },
    async remove(kind: keyof typeof byName, id: string) {
      await writer.remove(byName[kind] as EntityType, id);
      await seen();
    },
    async putRaw(type: keyof typeof byName, value: Record<string, unknown>) {
      const entity = value as unknown as { id: string; created_at: number; updated_at: number };
      const changes = [{ type, id: entity.id, value: entity }];
      const version = (await log.head()).version + 1;
      const head = await log.append(version, changes, []);
      if (head === undefined) throw new Error(`version ${version} was taken`);
      owner.announce(head, feedChanges({ changes }));
      await writer.refresh();
      await seen();
    },
    async route(
      name: string,
      port: number,
      route: Record<string, unknown>,
      service: Record<string, unknown> = {},
    ) {
      const made = await world.put('services', { name, host: '127.0.0.1', port, ...service });
      const routed = await world.put('routes', { name, service: { id: made.id }, ...route });
      return { service: made.id, route: routed.id };
    },
  };
  await options.before?.(world);
  const text = JSON.stringify({
    edge: {
      ...options.config,
      http: { port: 0, ...(options.config?.['http'] as object) },
      https: { port: 0, ...(options.config?.['https'] as object) },
    },
  });
  const { values } = await loadConfig({
    sections: [edgeConfig],
    files: [{ name: 'test', text }],
  });
  edge = stack.use(createEdge(ports, values.edge));
  await edge.start();
  health.enter('up');
  const running = edge;
  const owned = stack.move();
  return {
    ...world,
    edge: running,
    ...portsOf(running),
    ...{ health, bus, lines, ports, reach },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function portsOf(edge: Edge) {
  const [http = '', https = ''] = edge.urls.map((url) => new URL(url).port);
  return { http: Number(http), https: Number(https) };
}

/** The space, until it is cut off. */
function cuttable(space: Space, reach: { store: boolean }): Space {
  const check = <A extends unknown[], R>(work: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      if (!reach.store) throw new StoreUnavailableError('the test took the store away');
      return await work(...args);
    };
  };
  return {
    name: space.name,
    outbox: space.outbox,
    get: check(space.get.bind(space)),
    counters: check(space.counters.bind(space)),
    commit: check(space.commit.bind(space)),
    range: check(space.range.bind(space)),
    hit: check(space.hit.bind(space)),
    lease: check(space.lease.bind(space)),
  };
}

/** What the echoing upstream saw of a request. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly raw: string[];
  readonly body: string;
  readonly trailers: Record<string, string | undefined>;
}

export interface Upstream extends AsyncDisposable {
  readonly port: number;
  readonly server: Server;
  readonly seen: Seen[];
  readonly sockets: Set<Socket>;
}

/** An upstream that says what it saw, unless `handle` answers. */
export async function openUpstream(
  handle?: (request: IncomingMessage, response: ServerResponse) => boolean | undefined,
): Promise<Upstream> {
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    if (handle?.(request, response) === true) return;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers, rawHeaders: raw, trailers } = request;
      const entry = { method, url, headers, raw, trailers, body: Buffer.concat(chunks).toString() };
      seen.push(entry);
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(entry));
    });
  });
  // Connections end because of the edge, not by themselves.
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    ...{ server, seen, sockets },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Writes bytes to a port and collects what comes back until the connection ends. */
export async function exchangeRaw(
  port: number,
  bytes: string | readonly string[],
  timeoutMs = 10_000,
): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  // Not once(): a reset is a way of being closed.
  const closed = new Promise((resolve) => socket.once('close', resolve));
  for (const piece of typeof bytes === 'string' ? [bytes] : bytes) socket.write(piece, 'latin1');
  const late = setTimeout(() => {
    text += '\n<not closed in time>';
    socket.destroy();
  }, timeoutMs);
  await closed;
  clearTimeout(late);
  return text;
}

/** One request over a connection of its own; the target as it is. */
export async function ask(
  port: number,
  head: string,
  host = 'a.test',
  more = '',
): Promise<{ status: number; head: string; body: string }> {
  const text = await exchangeRaw(
    port,
    `${head} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${more}\r\n`,
  );
  const end = text.indexOf('\r\n\r\n');
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0),
    head: text.slice(0, end),
    body: dechunked(text.slice(0, end), text.slice(end + 4)),
  };
}

function dechunked(head: string, body: string): string {
  if (!/^transfer-encoding: chunked$/im.test(head)) return body;
  let out = '';
  for (let at = 0; at < body.length; ) {
    const line = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.slice(at, line), 16);
    if (!(size > 0)) break;
    out += body.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
  return out;
}
