import { constants } from 'node:crypto';
import type { Server, TlsOptions } from 'node:tls';
import type { ClientHello } from '../hello/client-hello.ts';
import { Lru } from './lru.ts';
import type { PolicyClass } from './policy.ts';
import type { Certificate } from './ports.ts';
import { type TicketKeys, type TicketRing, ticketRing } from './ticket-keys.ts';

/** Makes the server that shakes hands for connections emitted on it: `tls.createServer`, or `http2.createSecureServer`. */
export type ServerFactory = (options: TlsOptions) => Server;

/** What went into a server, for whoever listens to it. */
type Watch = (server: Server, of: PolicyClass) => void;

/** Seconds a session can be resumed. Short where it stands for a client's certificate, which may be revoked meanwhile. */
const SESSION_SECONDS = { anonymous: 7200, authenticated: 300 };

/**
 * Servers that never listen, one per policy class, certificate and ticket key, made when first needed.
 *
 * One each, rather than one per class with an SNICallback: the certificate then is the one that the peek chose, whatever OpenSSL
 * reads out of the hello, with or without a name, and no callback crosses into JavaScript during the handshake. Such a server is little
 * more than its secure context (40 KiB), and the cache is bounded. One that falls out is kept by its connections until they end.
 */
export class SecureServers {
  readonly #create: ServerFactory;
  readonly #watch: Watch;
  readonly #servers: Lru<{ server: Server; follows: boolean }>;
  #ring: TicketRing;

  constructor(options: {
    create: ServerFactory;
    watch: Watch;
    capacity: number;
    ticketKeys: TicketKeys;
  }) {
    this.#create = options.create;
    this.#watch = options.watch;
    this.#servers = new Lru(options.capacity);
    this.#ring = ticketRing(options.ticketKeys);
  }

  get size(): number {
    return this.#servers.size;
  }

  /**
   * The server for a connection. A hello with a ticket under an older key gets a server that holds that key, because one context of
   * OpenSSL knows one key only. Throws what `tls.createServer` does about certificates that can't be used.
   */
  for(of: PolicyClass, certificate: Certificate, hello: ClientHello): Server {
    const name = of.policy.tickets ? hello.ticketKeyName : undefined;
    const older = name === undefined ? undefined : this.#ring.previous(name);
    const slot = older === undefined ? 'current' : name;
    const id = `${of.digest}/${certificate.id}/${slot}`;
    let found = this.#servers.get(id);
    if (found === undefined) {
      const server = this.#create(optionsOf(of, certificate, older ?? this.#ring.current));
      this.#watch(server, of);
      found = { server, follows: older === undefined };
      this.#servers.set(id, found);
    }
    return found.server;
  }

  /** From now on tickets are sealed with the new current key; those under keys that aren't in `keys` don't resume any more. */
  rotate(keys: TicketKeys): void {
    this.#ring = ticketRing(keys);
    for (const [id, { server, follows }] of [...this.#servers.entries()]) {
      if (follows) server.setTicketKeys(this.#ring.current);
      else this.#servers.delete(id);
    }
  }
}

function optionsOf(of: PolicyClass, certificate: Certificate, ticketKeys: Buffer): TlsOptions {
  const { policy } = of;
  const asks = policy.clientCertificate !== 'off';
  return {
    cert: certificate.pairs.map((pair) => pair.chain),
    key: certificate.pairs.map((pair) => pair.key),
    ...(policy.clientCertificate === 'off' ? {} : { ca: [...policy.trust.authorities] }),
    requestCert: asks,
    // Ends the handshake with the alert that the client understands; what it doesn't see is checked when it is done.
    rejectUnauthorized: policy.clientCertificate === 'require',
    ...(policy.alpn.length === 0 ? {} : { ALPNProtocols: [...policy.alpn] }),
    minVersion: policy.minVersion,
    // A session made in another class is not resumed: it may have been made without, or under another, client certificate.
    sessionIdContext: of.digest,
    sessionTimeout: asks ? SESSION_SECONDS.authenticated : SESSION_SECONDS.anonymous,
    ticketKeys,
    secureOptions: policy.tickets ? 0 : constants.SSL_OP_NO_TICKET,
  };
}
