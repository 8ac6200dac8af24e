import { createHmac } from 'node:crypto';
import type { KeyRing } from '@sallyport/pki';
import { NoCredentialKeyError } from './errors.ts';

/** What of a key ring digests need. */
export type CredentialRing = Pick<KeyRing, 'keys' | 'derive'>;

/**
 * Makes the keyed digest of consumers' keys: base64url(HMAC-SHA-256(derived key, key)), as the edges do.
 *
 * It is derived from the oldest key of the ring `credentials` that isn't retired, so that a rotation leaves digests as
 * they are; once that key is retired, all credentials must be made anew. `NoCredentialKeyError` for a ring without any.
 */
export function keyDigester(ring: CredentialRing): (key: string) => string {
  let made: { readonly kid: number; readonly secret: Buffer } | undefined;
  return (key) => {
    const kid = Math.min(
      ...ring.keys.filter(({ state }) => state !== 'retired').map((one) => one.kid),
    );
    if (!Number.isFinite(kid)) throw new NoCredentialKeyError("ring 'credentials' has no key");
    if (made?.kid !== kid) made = { kid, secret: ring.derive(kid, 'key-auth') };
    return createHmac('sha256', made.secret).update(key).digest('base64url');
  };
}
