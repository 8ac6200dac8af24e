import type { Bus } from '@sallyport/bus';
import type { KeyRing, SecretReader, SecretSealer } from '@sallyport/pki';
import type { Clock, Health, Ids, Logger } from '@sallyport/runtime';
import type { Space } from '@sallyport/store';

/** What an edge is given. It opens none of it, and closes none of it. */
export interface EdgePorts {
  /** Spaces of the store; an edge only reads them. */
  readonly spaces: {
    readonly gateway: Space;
    readonly certs: Space;
    readonly sessions: Space;
  };
  readonly rings: {
    /** Opens the private keys of certificates. */
    readonly leafKeys: KeyRing;
    readonly sessions: KeyRing;
    /** TLS tickets. */
    readonly tickets: KeyRing;
    /** Digests of consumers' keys. */
    readonly credentials: KeyRing;
  };
  /** Secrets that go to other services. */
  readonly sealers: {
    readonly toAuth: SecretSealer;
    readonly toSessions: SecretSealer;
  };
  /** Secrets that come to the edge. */
  readonly readers: { readonly fromSessions: SecretReader };
  readonly bus: Pick<Bus, 'events' | 'feeds' | 'rpc'>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly health: Health;
}
