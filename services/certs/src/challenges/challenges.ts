import type { PrivateKey } from '@sallyport/pki';

/** The ways to show that a name leads to us which any edge can answer. */
export type ChallengeType = 'http-01' | 'tls-alpn-01';

/** What has to be answered while a CA validates. */
export type Challenge =
  /** `GET /.well-known/acme-challenge/<token>` on port 80 is answered with `answer` (RFC 8555 section 8.3). */
  | {
      readonly type: 'http-01';
      readonly name: string;
      readonly token: string;
      readonly answer: string;
    }
  /** A handshake with ALPN `acme-tls/1` is answered with this certificate (PEM, RFC 8737). */
  | {
      readonly type: 'tls-alpn-01';
      readonly name: string;
      readonly certificate: string;
      readonly key: PrivateKey;
    };

/** Where challenges are published for the edges to answer. */
export interface Challenges {
  /**
   * Resolves when every edge can answer; disposing what comes back takes it away again. What a crash leaves goes by
   * itself after some minutes. A later challenge of the same name and type replaces an earlier one of tls-alpn-01.
   */
  publish(challenge: Challenge, signal: AbortSignal): Promise<AsyncDisposable>;
}
