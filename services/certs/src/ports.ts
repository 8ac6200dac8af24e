import type { Bus } from '@sallyport/bus';
import type { KeyRing } from '@sallyport/pki';
import type { Clock, Health, Ids, Logger } from '@sallyport/runtime';
import type { Space } from '@sallyport/store';

/** Any number of instances may run side by side over the same store and bus. */
export interface CertsPorts {
  readonly spaces: {
    /** Certificates, challenges, refusals. Certs is the only service that writes it. */
    readonly certs: Space;
    /** ACME accounts. Nobody else's. */
    readonly acme: Space;
    /** The internal CA. Nobody else's. */
    readonly ca: Space;
    /** The gateway's entities; only read. */
    readonly gateway: Space;
  };
  readonly rings: {
    /** `leaf-keys` */
    readonly leafKeys: KeyRing;
    /** `acme-accounts` */
    readonly acmeAccounts: KeyRing;
    /** `internal-ca` */
    readonly internalCa: KeyRing;
  };
  readonly bus: Pick<Bus, 'feeds' | 'outgoing' | 'rpc'>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly health: Health;
}
