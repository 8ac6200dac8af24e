import type { TLSSocket } from 'node:tls';
import type { ClientHello } from '../hello/client-hello.ts';
import type { ClientCertificate } from './client-certificate.ts';
import type { HandshakePolicy } from './policy.ts';
import type { ClientAddress } from './ports.ts';

/** A connection whose handshake is done, and what is known about it. */
export interface SecuredConnection {
  readonly socket: TLSSocket;
  readonly id: string;
  /**
   * The full handshake that showed the client's certificate: on a resumed session an earlier one, if this process saw it. Without a
   * client certificate `id`, as nothing in a ticket tells where it came from.
   */
  readonly handshake: string;
  readonly client: ClientAddress;
  /** From the peeked hello: on resumed TLS 1.2 sessions OpenSSL doesn't know it. */
  readonly serverName: string | undefined;
  /** Negotiated; undefined when either side didn't care. */
  readonly alpn: string | undefined;
  /** Such as `TLSv1.3`. */
  readonly protocol: string;
  readonly resumed: boolean;
  readonly policy: HandshakePolicy;
  readonly clientCertificate: ClientCertificate | undefined;
  readonly hello: ClientHello;
}
