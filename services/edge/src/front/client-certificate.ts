import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '@sallyport/runtime';
import { Lru } from './lru.ts';

/** What is known about the certificate that a client showed, now or in the handshake that this one resumes. */
export interface ClientCertificate {
  readonly leaf: X509Certificate;
  /** Leaf first, as far as the issuers are known. On a resumed session only as long as this process remembers it; else the leaf alone. */
  readonly chain: readonly X509Certificate[];
  /** SHA-256 of the leaf, 64 lower-case hexadecimal digits. */
  readonly fingerprint: string;
  /** Leads to an authority of the trust group, and the leaf is valid now. */
  readonly verified: boolean;
  /** Why not, one hyphenated word. */
  readonly fault?: string;
}

interface Remembered {
  readonly handshake: string;
  readonly chain: readonly X509Certificate[];
}

/**
 * Certificates of finished handshakes. OpenSSL verifies in a full handshake only, keeps the verdict in the session, and gives the leaf
 * alone when it is resumed: the leaf's validity is checked here every time, and chains are kept by leaf.
 */
export class ClientCertificates {
  readonly #clock: Clock;
  readonly #chains: Lru<Remembered>;

  constructor(clock: Clock, capacity: number) {
    this.#clock = clock;
    this.#chains = new Lru(capacity);
  }

  /**
   * The certificate of a connection whose handshake is done. `handshake` is the id of this one; the answer's is of the full one that showed
   * the certificate, as far as this process saw it. `scope` is the digest of the policy class.
   */
  read(
    socket: TLSSocket,
    scope: string,
    handshake: string,
  ): { handshake: string; certificate?: ClientCertificate } {
    const leaf = socket.getPeerX509Certificate();
    if (leaf === undefined) return { handshake };
    const fingerprint = leaf.fingerprint256.replaceAll(':', '').toLowerCase();
    const key = `${scope}/${fingerprint}`;
    const resumed = socket.isSessionReused();
    const remembered = resumed
      ? this.#chains.get(key)
      : { handshake, chain: chainOf(socket, leaf) };
    // A stranger's certificate isn't worth the place of a good one.
    if (!resumed && socket.authorized && remembered !== undefined)
      this.#chains.set(key, remembered);
    const fault = this.#faultOf(socket, leaf);
    return {
      handshake: remembered?.handshake ?? handshake,
      certificate: {
        leaf,
        chain: remembered?.chain ?? [leaf],
        fingerprint,
        verified: fault === undefined,
        ...(fault === undefined ? {} : { fault }),
      },
    };
  }

  #faultOf(socket: TLSSocket, leaf: X509Certificate): string | undefined {
    if (!socket.authorized) return faultWord(socket.authorizationError);
    const now = this.#clock.now();
    if (now > leaf.validToDate.getTime()) return 'cert-has-expired';
    if (now < leaf.validFromDate.getTime()) return 'cert-not-yet-valid';
    return undefined;
  }
}

/** RFC 4514: the last part first. Node gives OpenSSL's lines, whose values are escaped as in RFC 2253 already. */
export function subjectOf(certificate: X509Certificate): string {
  return certificate.subject.split('\n').reverse().join(',');
}

/**
 * Leaf first, as far as issuers are known from what the client sent and the trust group. By `getPeerCertificate`, because the issuer
 * that `getPeerX509Certificate` gives is just the next one that was sent.
 */
function chainOf(socket: TLSSocket, leaf: X509Certificate): X509Certificate[] {
  const chain = [leaf];
  let { issuerCertificate: next } = socket.getPeerCertificate(true);
  while (next !== undefined && !chain.some((one) => one.fingerprint256 === next.fingerprint256)) {
    chain.push(new X509Certificate(next.raw));
    next = next.issuerCertificate;
  }
  return chain;
}

/** OpenSSL's names of faults, `DEPTH_ZERO_SELF_SIGNED_CERT`, as words. */
function faultWord(error: Error | string | undefined): string {
  const word = String(error ?? '')
    .toLowerCase()
    .replaceAll('_', '-');
  return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(word) ? word.slice(0, 64) : 'not-verified';
}
