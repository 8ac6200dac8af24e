import { type StoredKey, type StoredKind, storedKind } from './record.ts';

/** What `GET /.well-known/acme-challenge/<token>` is answered with (RFC 8555 section 8.3). */
export interface StoredHttpChallenge {
  readonly answer: string;
}

/** What a handshake with ALPN `acme-tls/1` is answered with (RFC 8737). */
export interface StoredAlpnChallenge {
  /** PEM. */
  readonly certificate: string;
  /** Its private key, see `sealPrivateKey`; the associated data is {@link storedAlpnChallenges.aad}. */
  readonly key: string;
}

/** Open challenges of http-01, by name and token, in space `certs`. */
export const storedHttpChallenges: StoredKind<StoredHttpChallenge> & {
  key(name: string, token: string): StoredKey;
} = {
  key: (name, token) => [name, 'http-01', token],
  ...storedKind<StoredHttpChallenge>('http-01 challenge', 1, { answer: 'string' }),
};

/** Open challenges of tls-alpn-01, by name, in space `certs`. */
export const storedAlpnChallenges: StoredKind<StoredAlpnChallenge> & {
  key(name: string): StoredKey;
  /** Associated data of the sealed private key. */
  aad(name: string): string;
} = {
  key: (name) => [name, 'tls-alpn-01'],
  aad: (name) => `tls-alpn-01/${name}`,
  ...storedKind<StoredAlpnChallenge>('tls-alpn-01 challenge', 1, {
    ...{ certificate: 'string', key: 'string' },
  }),
};
