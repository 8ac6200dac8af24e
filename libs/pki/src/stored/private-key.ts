import { UnknownKeyError } from '../errors.ts';
import type { KeyRing } from '../key-ring.ts';
import { type PrivateKey, parsePrivateKey, privateKeyDer } from '../private-key.ts';

/** A private key as records have it: base64 of its PKCS#8 DER, sealed by `ring` for the record that `aad` names. */
export function sealPrivateKey(ring: KeyRing, key: PrivateKey, aad: string): string {
  return ring.seal(privateKeyDer(key), aad).toString('base64');
}

/**
 * Opens what {@link sealPrivateKey} made. A key of the ring that is newer than this process's view of it is looked up, at most once a
 * second. `UnknownKeyError`, `UnsealError`, `KeyFormatError`; the store's errors.
 */
export async function openPrivateKey(
  ring: KeyRing,
  sealed: string,
  aad: string,
  signal?: AbortSignal,
): Promise<PrivateKey> {
  const bytes = Buffer.from(sealed, 'base64');
  try {
    return parsePrivateKey(ring.open(bytes, aad));
  } catch (error) {
    if (!(error instanceof UnknownKeyError) || !(await ring.refresh(signal))) throw error;
    return parsePrivateKey(ring.open(bytes, aad));
  }
}
