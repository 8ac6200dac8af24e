import {
  type KeyRing,
  type KeyRings,
  type MessagePurpose,
  type RecordPurpose,
  RingMissingError,
  type SecretReader,
  type SecretSealer,
} from '@sallyport/pki';
import type { Clock, Logger } from '@sallyport/runtime';

/** The rings of a service; one that its owner hasn't made yet is waited for, so services start in any order. */
export interface PatientRings {
  ring(purpose: RecordPurpose): Promise<KeyRing>;
  reader(purpose: MessagePurpose): Promise<SecretReader>;
  sealer(purpose: MessagePurpose): Promise<SecretSealer>;
}

const AGAIN_MS = 250;

export function patientRings(
  rings: KeyRings,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  signal: AbortSignal,
): PatientRings {
  async function whenMade<T>(purpose: string, open: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await open();
      } catch (error) {
        if (!(error instanceof RingMissingError)) throw error;
        if (tries % 20 === 0) logger.info('waiting for a key ring', { purpose });
      }
      await clock.sleep(AGAIN_MS, signal);
    }
  }
  return {
    ring: (purpose) => whenMade(purpose, () => rings.openRing(purpose, signal)),
    reader: (purpose) => whenMade(purpose, () => rings.openReader(purpose, signal)),
    sealer: (purpose) => whenMade(purpose, () => rings.openSealer(purpose, signal)),
  };
}
