import { CHANGES_PARTITION, type StoredCertificate } from '@sallyport/pki';
import type { IndexChange, Key } from '@sallyport/store';

/**
 * Which names there are, in the partition of the log of changes. A certificate is in the partition of its name and can't change
 * in one commit with these, so a name is entered before anything is issued for it, and settled after:
 *
 *   ~changes / names      every name that has a certificate, and those that are being issued for; all scores 0
 *   ~changes / due        the names that have one, scored by when it is to be renewed
 *   ~changes / unsettled  names whose issuance has begun, scored by when: what a crash leaves is put right from here
 *
 * So `names` has every name with a certificate at any moment, whoever dies, and readers skip those that have none.
 */
const index = (what: string): Key => [CHANGES_PARTITION, what];
export const NAMES = index('names');
export const DUE = index('due');
export const UNSETTLED = index('unsettled');

/** Before anything is issued for `name`. */
export function begun(name: string, now: number): IndexChange[] {
  return [
    { index: NAMES, add: name, score: 0 },
    { index: UNSETTLED, add: name, score: now },
  ];
}

/** What is true now: `name` has this certificate, to be renewed at `due`, or none. */
export function settled(
  name: string,
  certificate: StoredCertificate | undefined,
  { due, now }: { readonly due: number; readonly now: number },
): IndexChange[] {
  const ttlMs = Math.ceil((certificate?.notAfter ?? now) - now);
  if (ttlMs <= 0) return [NAMES, DUE, UNSETTLED].map((from) => ({ index: from, remove: name }));
  return [
    { index: NAMES, add: name, score: 0, ttlMs },
    { index: DUE, add: name, score: due, ttlMs },
    { index: UNSETTLED, remove: name },
  ];
}
