import {
  type CertificateAuthority,
  createCertificateAuthority,
  generatePrivateKey,
  type KeyRing,
  openCertificateAuthority,
  openPrivateKey,
  sealPrivateKey,
} from '@sallyport/pki';
import type { Clock } from '@sallyport/runtime';
import { defineRecord, type Key, type Space } from '@sallyport/store';

interface StoredAuthority {
  /** PEM. */
  readonly certificate: string;
  /** See `sealPrivateKey`. */
  readonly key: string;
}

const authorities = defineRecord<StoredAuthority>({
  kind: 'internal authority',
  format: 1,
  is: (value): value is StoredAuthority => {
    const { certificate, key } = (value ?? {}) as Record<string, unknown>;
    return typeof certificate === 'string' && typeof key === 'string';
  },
});

const AT: Key = ['internal', 'authority'];
const AAD = 'ca/internal';

export interface AuthorityPorts {
  /** The space `ca`. */
  readonly space: Space;
  /** The ring `internal-ca`. */
  readonly ring: KeyRing;
  readonly clock: Clock;
}

export interface AuthorityOptions {
  readonly commonName: string;
  readonly validityMs: number;
}

/**
 * Our own authority, made once for the whole cluster and for good: whoever is first writes it, the others use that one. The
 * options are those of its making.
 */
export async function openAuthority(
  { space, ring, clock }: AuthorityPorts,
  { commonName, validityMs }: AuthorityOptions,
  signal?: AbortSignal,
): Promise<CertificateAuthority> {
  for (;;) {
    const [entry] = await space.get([AT], signal);
    if (entry !== undefined) {
      const { certificate, key } = authorities.read(entry);
      const opened = await openPrivateKey(ring, key, AAD, signal);
      return openCertificateAuthority({ key: opened, certificate });
    }
    const key = await generatePrivateKey('ec-p256', signal);
    const now = clock.now();
    const { certificate } = await createCertificateAuthority(
      { key, commonName, notBefore: now - BACKDATE_MS, notAfter: now + validityMs },
      signal,
    );
    const made = { certificate, key: sealPrivateKey(ring, key, AAD) };
    // A conflict means that another process was faster: what it wrote is read and used.
    await space.commit(
      { check: [{ key: AT, version: undefined }], put: [authorities.put(AT, made)] },
      signal,
    );
  }
}

/** For clients whose clocks are late. */
const BACKDATE_MS = 86_400_000;
