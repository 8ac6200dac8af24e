import { defineRecord, type Key } from '@sallyport/store';

/** A certificate with its key, at {@link certificateKey}; it expires with the leaf. */
export interface CertificateRecord {
  /** PEM, the leaf first. */
  readonly chain: string;
  /** Base64 of PKCS#8 DER, sealed by ring `leaf-keys` for {@link certificateAad}. */
  readonly key: string;
  /** SHA-256 of the leaf, lower-case hexadecimal. */
  readonly fingerprint: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Name of the issuer, as configured. */
  readonly issuer: string;
}

/** Why a name isn't tried for a while, at {@link refusalKey}; it expires when it may be. */
export interface Refusal {
  readonly reason: string;
  readonly detail: string;
  /** About when it expires: milliseconds since the epoch, by the clock of who wrote it. */
  readonly until: number;
}

/** How often a name failed without a success in between, at {@link failuresKey}. */
export interface Failures {
  readonly count: number;
}

export const certificates = defineRecord<CertificateRecord>({
  kind: 'certificate',
  format: 1,
  is: (value): value is CertificateRecord =>
    fits(value, {
      ...{ chain: 'string', key: 'string', fingerprint: 'string', issuer: 'string' },
      ...{ notBefore: 'number', notAfter: 'number' },
    }),
});
export const refusals = defineRecord<Refusal>({
  kind: 'refusal',
  format: 1,
  is: (value): value is Refusal =>
    fits(value, { reason: 'string', detail: 'string', until: 'number' }),
});
export const failures = defineRecord<Failures>({
  kind: 'failures of a name',
  format: 1,
  is: (value): value is Failures => fits(value, { count: 'number' }),
});

export const certificateKey = (name: string): Key => [name, 'certificate'];
/** Associated data of the sealed key. */
export const certificateAad = (name: string): string => `certificate/${name}`;
export const refusalKey = (name: string): Key => [name, 'refusal'];
export const failuresKey = (name: string): Key => [name, 'failures'];
/** Held by the one process of the cluster that obtains a certificate for the name. */
export const leaseKey = (name: string): Key => [name, 'obtain'];
export const budgetKey = (registered: string): Key => [registered, 'budget'];

function fits(value: unknown, fields: Readonly<Record<string, 'number' | 'string'>>): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.entries(fields).every(
      ([name, type]) => typeof (value as Record<string, unknown>)[name] === type,
    )
  );
}
