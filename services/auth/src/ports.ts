import type { Bus } from '@sallyport/bus';
import type { PrivacyPolicy } from '@sallyport/contracts';
import type { Engine } from '@sallyport/passwords';
import type { SecretReader } from '@sallyport/pki';
import type { Clock, Health, Ids, Logger } from '@sallyport/runtime';
import type { Space } from '@sallyport/store';
import type { Backend } from './pipeline/backends/backend.ts';
import type { Feature } from './pipeline/features/feature.ts';
import type { Filter } from './pipeline/filters/filter.ts';

export interface AuthPorts {
  /** The space `auth`: counted attempts, answers by idempotency key, decisions until they are delivered. */
  readonly space: Space;
  /** The space `bans`, which edges read too. */
  readonly bans: Space;
  readonly bus: Pick<Bus, 'events' | 'jobs' | 'rpc' | 'feeds' | 'outgoing'>;
  /** Opens the passwords of `auth.decide`: the ring `messages-auth`. */
  readonly reader: SecretReader;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly health: Health;
  /** Version of the product, for whoever asks. */
  readonly version: string;
  /** What becomes of personal fields in events. Absent: they are clear. Jobs always have them clear. */
  readonly privacy?: PrivacyPolicy | undefined;
  /** Further stages, after those of the configuration. */
  readonly stages?:
    | {
        readonly features?: readonly Feature[];
        readonly backends?: readonly Backend[];
        readonly filters?: readonly Filter[];
      }
    | undefined;
  /** What computes password hashes. Default: libuv's pool and threads of its own. */
  readonly engine?: Engine | undefined;
}
