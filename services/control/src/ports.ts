import type { Bus } from '@sallyport/bus';
import type { PluginSchema } from '@sallyport/gateway';
import type { Clock, Health, Logger } from '@sallyport/runtime';
import type { Space } from '@sallyport/store';

export interface ControlPorts {
  /** The space `gateway` of the store. Control is the only service that writes it; any number of instances may. */
  readonly space: Space;
  readonly bus: Pick<Bus, 'feeds' | 'outgoing'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly health: Health;
  /** The plugins whose configurations are taken. */
  readonly plugins: readonly PluginSchema[];
  /** Version of the product, for whoever asks. */
  readonly version: string;
  /**
   * Keyed digest of a consumer's key: base64url of 32 bytes, such as HMAC-SHA-256 under a key from a ring that control
   * and the edges have. The same for the same key, in every process, for as long as credentials are to be
   * recognised; nobody without the ring can try keys against it.
   */
  digestKey(key: string): string;
  /** A new random UUID. */
  uuid(): string;
}
