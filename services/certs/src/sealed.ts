import { type KeyRing, UnknownKeyError } from '@sallyport/pki';

/** Opens what another process may have sealed with a key that is newer than this one's view of the ring. */
export async function openSealed(
  ring: KeyRing,
  sealed: Uint8Array,
  aad: string,
  signal?: AbortSignal,
): Promise<Buffer> {
  try {
    return ring.open(sealed, aad);
  } catch (error) {
    if (!(error instanceof UnknownKeyError) || !(await ring.refresh(signal))) throw error;
    return ring.open(sealed, aad);
  }
}
