import { type StoredKey, type StoredKind, storedKind } from './record.ts';

/** A certificate with its key; it expires with the leaf. */
export interface StoredCertificate {
  /** PEM, the leaf first. */
  readonly chain: string;
  /** Its private key, see `sealPrivateKey`; the associated data is {@link storedCertificates.aad}. */
  readonly key: string;
  /** SHA-256 of the leaf, lower-case hexadecimal. */
  readonly fingerprint: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Name of the issuer, as configured. */
  readonly issuer: string;
}

/** Certificates by name, in space `certs`: written by certs, read by edges. */
export const storedCertificates: StoredKind<StoredCertificate> & {
  key(name: string): StoredKey;
  /** Associated data of the sealed private key. */
  aad(name: string): string;
} = {
  key: (name) => [name, 'certificate'],
  aad: (name) => `certificate/${name}`,
  ...storedKind<StoredCertificate>('certificate', 1, {
    ...{ chain: 'string', key: 'string', fingerprint: 'string', issuer: 'string' },
    ...{ notBefore: 'number', notAfter: 'number' },
  }),
};
