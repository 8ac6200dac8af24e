import type { Bus } from '@sallyport/bus';
import type { PluginSchema } from '@sallyport/gateway';
import type { KeyRing } from '@sallyport/pki';
import type { Clock, Entry, Health, Logger } from '@sallyport/runtime';
import type { Space } from '@sallyport/store';

export interface ControlPorts {
  /** The space `gateway` of the store. Control is the only service that writes it; any number of instances may. */
  readonly space: Space;
  readonly bus: Pick<Bus, 'deadLetters' | 'events' | 'feeds' | 'outgoing' | 'rpc'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly health: Health;
  /** The plugins whose configurations are taken. */
  readonly plugins: readonly PluginSchema[];
  /** Version of the product, for whoever asks. */
  readonly version: string;
  /** The ring `credentials`, which the edges read too: consumers' keys are stored as digests under it. */
  readonly credentials: Pick<KeyRing, 'keys' | 'derive'>;
  /** The configuration in effect in this process, secrets masked: `entries` of what was loaded. */
  configuration(): readonly Entry[];
  /** A new random UUID. */
  uuid(): string;
}
