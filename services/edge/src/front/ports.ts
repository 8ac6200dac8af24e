import type { ClientHello } from '../hello/client-hello.ts';
import type { HandshakePolicy } from './policy.ts';

/** The other end of a TCP connection. */
export interface ClientAddress {
  /** Without a port; IPv4 in its own form also on a dual-stack listener. */
  readonly address: string;
  readonly port: number;
}

/** An answer of "no" to a handshake. */
export interface Refusal {
  /** One hyphenated lower-case word, for the report. */
  readonly refused: string;
  /** The fatal alert to send (RFC 8446 section 6); what suits the question when left out. */
  readonly alert?: number;
}

/** A chain and its key, or two for the same names with different kinds of keys, of which the client's abilities decide. */
export interface Certificate {
  /** Names these bytes: another id for other bytes. The leaf's SHA-256 where there is one pair. */
  readonly id: string;
  readonly pairs: readonly {
    /** Leaf first, PEM. */
    readonly chain: string;
    /** PEM, not encrypted. */
    readonly key: string;
  }[];
}

/** Decides how a connection is shaken hands with. Asked once per connection, before its certificate. */
export interface HandshakePolicies {
  /**
   * Never the same object with changed contents: a policy is remembered by identity. `signal` aborts at the deadline or when
   * the connection ends; an answer after that isn't used. A rejection ends the connection and is logged.
   */
  decide(
    hello: ClientHello,
    client: ClientAddress,
    signal: AbortSignal,
  ): Promise<HandshakePolicy | Refusal>;
}

/** Knows certificates by name, and gets them where that is allowed: the handshake waits. */
export interface CertificateSource {
  /** `name` is undefined when the client sent none. The rules of {@link HandshakePolicies.decide} hold. */
  find(
    name: string | undefined,
    hello: ClientHello,
    signal: AbortSignal,
    client: ClientAddress,
  ): Promise<Certificate | Refusal>;
}

/** Certificates that answer tls-alpn-01 (RFC 8737). */
export interface ChallengeCertificates {
  /** Undefined when no challenge waits for this name. */
  find(name: string, signal: AbortSignal): Promise<Certificate | undefined>;
}
