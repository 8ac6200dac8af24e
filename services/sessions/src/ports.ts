import type { Bus } from '@sallyport/bus';
import type { KeyRing, KeyRings, SecretReader, SecretSealer } from '@sallyport/pki';
import type { Clock, Health, Ids, Logger } from '@sallyport/runtime';
import type { Space } from '@sallyport/store';

export interface SessionsPorts {
  /** The space `sessions` of the store. This service alone writes it; any number of instances may. */
  readonly space: Space;
  readonly bus: Pick<Bus, 'rpc' | 'feeds' | 'outgoing'>;
  /** The rings this service owns, opened. */
  readonly rings: { readonly sessions: KeyRing; readonly tickets: KeyRing };
  /** Their rotation: what `createKeyRings` makes for service `sessions`. */
  readonly keys: Pick<KeyRings, 'rotate' | 'retire'>;
  /** Seals cookies for edges: ring `messages-edge`. */
  readonly sealer: SecretSealer;
  /** Opens what edges sealed for us: ring `messages-sessions`. */
  readonly reader: SecretReader;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly health: Health;
}
