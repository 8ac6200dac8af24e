import { createHmac } from 'node:crypto';
import type { KeyRing } from '@sallyport/pki';

const LABEL = 'key-auth';

/**
 * How consumers' keys are kept and looked up: base64url of the HMAC-SHA-256 of the key under a secret of ring `credentials`.
 * The same for control, which writes digests, and edges. Digests outlive rotations, so the oldest key that isn't retired counts.
 */
export function credentialDigest(ring: Pick<KeyRing, 'keys' | 'derive'>): (key: string) => string {
  let known: { readonly kid: number; readonly secret: Buffer } | undefined;
  return (key) => {
    const live = ring.keys.filter(({ state }) => state !== 'retired').map(({ kid }) => kid);
    const kid = Math.min(...live);
    if (known?.kid !== kid) known = { kid, secret: ring.derive(kid, LABEL) };
    return createHmac('sha256', known.secret).update(key).digest('base64url');
  };
}
