import {
  type KeyRing,
  openPrivateKey,
  privateKeyPem,
  storedCertificates,
  storedRefusals,
} from '@sallyport/pki';
import { type Clock, withDeadline } from '@sallyport/runtime';
import type { Space } from '@sallyport/store';
import type { Certificate } from '../front/ports.ts';

/** A certificate as the edge has it. */
interface HeldCertificate {
  readonly certificate: Certificate;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
}

/** What the store says about a name. */
export type StoredAnswer =
  | ({ readonly outcome: 'found' } & HeldCertificate)
  /** `reason` is one hyphenated word; `until` in milliseconds since the epoch. */
  | { readonly outcome: 'refused'; readonly reason: string; readonly until: number }
  | { readonly outcome: 'nothing' };

export interface StoredCertificatePorts {
  /** The space `certs`. */
  readonly space: Pick<Space, 'get'>;
  /** The ring `leaf-keys`. */
  readonly leafKeys: KeyRing;
  readonly clock: Clock;
}

/**
 * One trip. A certificate that is over, or whose time hasn't come, is none. Rejects with the store's errors, `DeadlineError`, and those of
 * records and keys that can't be read.
 */
export async function readCertificate(
  { space, leafKeys, clock }: StoredCertificatePorts,
  name: string,
  readMs: number,
): Promise<StoredAnswer> {
  const keys = [storedCertificates.key(name), storedRefusals.key(name)];
  return withDeadline({ clock, ms: readMs, late: 'reading a certificate' }, async (signal) => {
    const [entry, refusalEntry] = await space.get(keys, signal);
    const stored = storedCertificates.decode(entry);
    const now = clock.now();
    if (stored !== undefined && now < stored.notAfter && now >= stored.notBefore - SKEW_MS) {
      const aad = storedCertificates.aad(name);
      const key = privateKeyPem(await openPrivateKey(leafKeys, stored.key, aad, signal));
      const certificate = { id: stored.fingerprint, pairs: [{ chain: stored.chain, key }] };
      return { outcome: 'found', certificate, notAfter: stored.notAfter } as const;
    }
    // Beside a certificate, a refusal is about its renewal.
    const refusal = storedRefusals.decode(refusalEntry);
    if (refusal === undefined) return { outcome: 'nothing' } as const;
    return { outcome: 'refused', reason: refusal.reason, until: refusal.until } as const;
  });
}

/** Clocks of nodes differ; a certificate that was just made is good. */
const SKEW_MS = 60_000;
