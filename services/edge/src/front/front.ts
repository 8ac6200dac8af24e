import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { type AddressInfo, createServer, type ListenOptions, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { type Clock, type Ids, InUseError, type Logger, type Service } from '@sallyport/runtime';
import { ListenError } from '../errors.ts';
import { HELLO_LIMITS, type HelloLimits } from '../hello/reader.ts';
import { ClientCertificates } from './client-certificate.ts';
import { Deadlines } from './deadlines.ts';
import type { DecisionPorts } from './decision.ts';
import { Handshake } from './handshake.ts';
import { countHandshake } from './metrics.ts';
import type { FrontParts } from './parts.ts';
import type { Certificate, ClientAddress } from './ports.ts';
import { failedReport, type HandshakeReport } from './report.ts';
import { SecureServers, type ServerFactory } from './secure-servers.ts';
import type { SecuredConnection } from './secured.ts';
import { ownTicketKeys, type TicketKeys } from './ticket-keys.ts';

export interface FrontPorts extends DecisionPorts {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  /**
   * Takes a connection over. The socket is closed when the front is disposed; an exception closes this one. With a
   * `createServer` whose servers serve by themselves (http2), this is where its facts are kept for later.
   */
  readonly onConnection: (connection: SecuredConnection) => void;
  /** Called once for every connection that was accepted. */
  readonly onReport: (report: HandshakeReport) => void;
  /** `tls.createServer` when left out. */
  readonly createServer?: ServerFactory;
}

/** Times in milliseconds. */
export interface FrontSettings {
  readonly listen: ListenOptions;
  /** Served to clients whose name has no certificate, or that send none; without it they get a fatal alert. */
  readonly fallback?: Certificate;
  readonly hello?: HelloLimits;
  /** From accept to the last byte of the ClientHello. */
  readonly helloMs?: number;
  readonly policyMs?: number;
  /** From accept until there is a certificate. Clients written in Go give up after 10 s. */
  readonly certificateMs?: number;
  /** From the certificate to the end of the handshake. */
  readonly handshakeMs?: number;
  /** Connections whose handshake isn't over; further ones are closed at once. */
  readonly maxHandshakes?: number;
  /** Secure contexts kept, about 40 KiB each. */
  readonly maxContexts?: number;
  /** Chains of client certificates kept. */
  readonly maxChains?: number;
  /** Shared ones come by `rotateTicketKeys`; until then sessions are resumed in this process only. */
  readonly ticketKeys?: TicketKeys;
}

export interface FrontStatus {
  /** Connections between accept and the end of their handshake. */
  readonly handshakes: number;
  /** TCP connections that are open, in whatever state. */
  readonly open: number;
  readonly contexts: number;
  readonly deadlines: number;
}

/** The TLS port. Draining stops accepting and waits for handshakes; disposal closes every connection. */
export interface Front extends Service {
  /** Once started. */
  readonly address: AddressInfo | undefined;
  /** `TicketKeyError`, and nothing has changed, when a key can't be used. */
  rotateTicketKeys(keys: TicketKeys): void;
  status(): FrontStatus;
}

const TICK_MS = 100;
const BACKLOG = 4096;

export function createFront(ports: FrontPorts, settings: FrontSettings): Front {
  const { clock, ids, logger } = ports;
  const handshakes = new Set<Handshake>();
  const open = new Set<Socket>();
  const context = new AsyncLocalStorage<Handshake>();
  const { maxHandshakes = 2000 } = settings;
  let idle: (() => void) | undefined;

  const report = (made: HandshakeReport) => {
    countHandshake(made);
    ports.onReport(made);
  };

  const servers = new SecureServers({
    create: ports.createServer ?? createTlsServer,
    capacity: settings.maxContexts ?? 1000,
    ticketKeys: settings.ticketKeys ?? ownTicketKeys(),
    watch(server) {
      server.on('secureConnection', (socket: TLSSocket) => {
        const handshake = context.getStore();
        if (handshake === undefined) socket.destroy();
        else handshake.secured(socket);
      });
      server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
        context.getStore()?.failed(error, socket);
      });
    },
  });

  const deadlines = new Deadlines(clock, TICK_MS);
  const parts: FrontParts = {
    clock,
    ids,
    logger,
    ports,
    settings: {
      hello: settings.hello ?? HELLO_LIMITS,
      helloMs: settings.helloMs ?? 5000,
      policyMs: settings.policyMs ?? 2000,
      certificateMs: settings.certificateMs ?? 9000,
      handshakeMs: settings.handshakeMs ?? 10_000,
      fallback: settings.fallback,
    },
    servers,
    deadlines,
    clientCertificates: new ClientCertificates(clock, settings.maxChains ?? 10_000),
    inContext: (handshake, emit) => context.run(handshake, emit),
    enterContext: (handshake) => context.enterWith(handshake),
    report,
    handOver(secured) {
      try {
        ports.onConnection(secured);
      } catch (error) {
        logger.error('connection could not be taken over', { connection: secured.id, error });
        secured.socket.destroy();
      }
    },
    ended(handshake) {
      handshakes.delete(handshake);
      if (handshakes.size === 0) idle?.();
    },
  };

  const listener = createServer({ noDelay: true }, (raw) => {
    const client = clientOf(raw);
    // Gone before it was accepted: there is nobody to report about.
    if (client === undefined) {
      raw.destroy();
      return;
    }
    if (handshakes.size >= maxHandshakes) {
      raw.destroy();
      const facts = { id: ids.next(), client, serverName: undefined, alert: undefined };
      report(failedReport({ ...facts, reason: 'overloaded', durationMs: 0 }));
      return;
    }
    open.add(raw);
    raw.once('close', () => open.delete(raw));
    const handshake = new Handshake(raw, client, parts);
    handshakes.add(handshake);
    handshake.start();
  });

  let closing: Promise<void> | undefined;
  const stopListening = () => {
    closing ??= listener.listening
      ? new Promise((resolve) => listener.close(() => resolve()))
      : Promise.resolve();
    return closing;
  };

  return {
    name: 'edge-tls',
    get address() {
      return listener.listening ? (listener.address() as AddressInfo) : undefined;
    },
    rotateTicketKeys: (keys) => servers.rotate(keys),
    status: () => ({
      handshakes: handshakes.size,
      open: open.size,
      contexts: servers.size,
      deadlines: deadlines.size,
    }),
    async start(signal) {
      signal?.throwIfAborted();
      const { host, port } = settings.listen;
      listener.listen({ backlog: BACKLOG, ...settings.listen });
      try {
        await once(listener, 'listening');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
          throw new InUseError(`${host}:${port} is used by another process`, { cause: error });
        }
        throw new ListenError(`can't listen on ${host}:${port}`, { cause: error });
      }
      // Such as no file descriptor being left: the listener goes on when there are some again.
      listener.on('error', (error) => logger.error('can’t accept connections', { error }));
    },
    async drain(signal) {
      void stopListening();
      if (handshakes.size === 0 || signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      idle = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
      idle = undefined;
    },
    async [Symbol.asyncDispose]() {
      const closed = stopListening();
      for (const handshake of [...handshakes]) handshake.fail('stopping');
      for (const raw of open) raw.destroy();
      await closed;
      deadlines[Symbol.dispose]();
    },
  };
}

/** IPv4 clients of a dual-stack listener come as `::ffff:192.0.2.1` (RFC 4291 section 2.5.5.2). */
function clientOf(raw: Socket): ClientAddress | undefined {
  const { remoteAddress, remotePort } = raw;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return { address: remoteAddress.replace(/^::ffff:(?=\d+\.)/i, ''), port: remotePort };
}
