import type { StoredCertificate } from '@sallyport/pki';

/** Certificates that were obtained together are renewed over so much of their life, before the share that was asked for. */
const SPREAD = 0.05;

/**
 * When a certificate is to be renewed, milliseconds since the epoch: when `share` of its life is spent, a little earlier by its
 * fingerprint, which is as good as random and the same for everybody.
 */
export function dueAt(
  { notBefore, notAfter, fingerprint }: StoredCertificate,
  share: number,
): number {
  const random = Number.parseInt(fingerprint.slice(0, 8), 16) / 2 ** 32;
  return Math.floor(notBefore + (notAfter - notBefore) * (share - SPREAD * random));
}
