import { readFile } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { type Clock, ConfigError, type Ids, type Logger } from '@sallyport/runtime';
import type { HttpChallenges } from './certificates/challenges.ts';
import type { EdgeConfig } from './config.ts';
import type { ConnectionFacts } from './exchange/exchange.ts';
import { requestHandler } from './exchange/handler.ts';
import { type TrustedProxies, trustedProxies } from './exchange/origin.ts';
import { createFront, type Front } from './front/front.ts';
import type { HandshakePolicy } from './front/policy.ts';
import type {
  Certificate,
  CertificateSource,
  ChallengeCertificates,
  ClientAddress,
} from './front/ports.ts';
import type { HandshakeReport } from './front/report.ts';
import type { SecuredConnection } from './front/secured.ts';
import type { TicketKeys } from './front/ticket-keys.ts';
import type { Gateway } from './gateway/follow.ts';
import { tcpListener } from './http1/listener.ts';
import { nodeHttp1 } from './http1/node-engine.ts';
import type { Pools } from './upstream/pools.ts';

export interface GateParts {
  readonly gateway: Gateway;
  readonly certificates: CertificateSource;
  readonly tlsChallenges: ChallengeCertificates;
  readonly httpChallenges: HttpChallenges;
  readonly fallback: Certificate | undefined;
  readonly pools: Pools;
  readonly onReport: (report: HandshakeReport) => void;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
}

/** The listeners and everything between them and the upstreams. */
export interface Gate extends AsyncDisposable {
  start(signal?: AbortSignal): Promise<void>;
  drain(signal: AbortSignal): Promise<void>;
  readonly http: AddressInfo | undefined;
  readonly https: AddressInfo | undefined;
  rotateTicketKeys(keys: TicketKeys): void;
  status(): GateStatus;
}

export interface GateStatus {
  /** Connections that speak HTTP. */
  readonly connections: number;
  /** Requests that aren't answered to their end; tunnels too. */
  readonly requests: number;
  /** Connections before the end of their handshake. */
  readonly handshakes: number;
  /** Upstreams that connections are kept to. */
  readonly pools: number;
}

export function createGate(parts: GateParts, config: EdgeConfig): Gate {
  const { clock, ids, logger, gateway, pools } = parts;
  const { limits, https, drain } = config;
  let draining = false;

  const handle = requestHandler({
    ...{ clock, ids, logger },
    current: gateway.current,
    challenges: parts.httpChallenges,
    proxy: { pools, clock, logger, maxBody: limits.body === 0 ? undefined : limits.body },
    trusted: trusted(config.trusted_proxies),
    maxFields: limits.head_fields,
    httpsPort: () => (https.public_port === 0 ? (front.address?.port ?? 443) : https.public_port),
  });
  const engine = nodeHttp1({
    ...{ handle, clock, logger },
    limits: {
      headBytes: limits.head_size,
      headMs: limits.head_timeout,
      idleMs: limits.idle_timeout,
      stallMs: limits.stall_timeout,
    },
  });
  const serve = (socket: Socket, facts: ConnectionFacts) => {
    if (engine.status().connections >= limits.connections) socket.destroy();
    else engine.serve(socket, facts);
  };

  const listener = tcpListener(
    config.http,
    (socket) => {
      const client = addressOf(socket.remoteAddress, socket.remotePort);
      const local = addressOf(socket.localAddress, socket.localPort);
      // Gone before it was accepted.
      if (client === undefined || local === undefined) socket.destroy();
      else serve(socket, { id: ids.next(), scheme: 'http', client, local });
    },
    logger,
  );
  const policy: HandshakePolicy = {
    alpn: ['http/1.1'],
    minVersion: https.min_version,
    tickets: true,
    clientCertificate: 'off',
  };
  const front: Front = createFront(
    {
      ...{ clock, ids, logger },
      policies: { decide: async () => policy },
      certificates: parts.certificates,
      challenges: parts.tlsChallenges,
      onConnection: (secured) => serve(secured.socket, factsOf(secured)),
      onReport: parts.onReport,
    },
    {
      listen: { host: https.host, port: https.port },
      maxHandshakes: limits.handshakes,
      ...(parts.fallback === undefined ? {} : { fallback: parts.fallback }),
    },
  );

  return {
    get http() {
      return listener.address;
    },
    get https() {
      return front.address;
    },
    rotateTicketKeys: (keys) => front.rotateTicketKeys(keys),
    status: () => ({
      ...engine.status(),
      handshakes: front.status().handshakes,
      pools: pools.size,
    }),
    async start(signal) {
      await listener.start();
      signal?.throwIfAborted();
      await front.start(signal);
    },
    async drain(signal) {
      if (draining) return;
      draining = true;
      // Whoever sends clients here needs time to see that we aren't ready any more.
      if (drain.delay > 0) await clock.sleep(drain.delay, signal).catch(() => {});
      listener.close();
      await Promise.all([front.drain?.(signal), engine.drain(drain.idle, signal)]);
      // Those whose handshake ended when everybody else was gone already.
      await engine.drain(drain.idle, signal);
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      await engine[Symbol.asyncDispose]();
      await front[Symbol.asyncDispose]();
      pools[Symbol.dispose]();
    },
  };
}

/** Authorities that upstreams are verified by; undefined: the system's. */
export async function upstreamAuthorities(
  file: string | undefined,
): Promise<readonly string[] | undefined> {
  if (file === undefined) return undefined;
  try {
    return [await readFile(file, 'utf8')];
  } catch (cause) {
    throw mistake('edge.upstream.ca_file', file, 'a file that can be read', cause);
  }
}

function trusted(networks: readonly string[]): TrustedProxies {
  try {
    return trustedProxies(networks);
  } catch (cause) {
    const found = (cause as Error).message;
    throw mistake('edge.trusted_proxies', found, 'addresses and networks', cause);
  }
}

function mistake(path: string, found: string, expected: string, cause: unknown): ConfigError {
  const text = `the configuration has one mistake:\n  ${path}: found ${found}, expected ${expected}`;
  return new ConfigError(text, [{ path, found, expected }], { cause });
}

function factsOf(secured: SecuredConnection): ConnectionFacts {
  const { socket, id, handshake, client, serverName, protocol, clientCertificate } = secured;
  return {
    ...{ id, scheme: 'https', client, serverName, protocol, handshake, clientCertificate },
    cipher: socket.getCipher().standardName,
    local: addressOf(socket.localAddress, socket.localPort) ?? { address: '', port: 0 },
  };
}

/** IPv4 on a dual-stack listener comes as `::ffff:192.0.2.1` (RFC 4291 section 2.5.5.2). */
function addressOf(
  address: string | undefined,
  port: number | undefined,
): ClientAddress | undefined {
  if (address === undefined || port === undefined) return undefined;
  return { address: address.replace(/^::ffff:(?=\d+\.)/i, ''), port };
}
