import type { Bus } from '@sallyport/bus';
import type { Clock, Logger } from '@sallyport/runtime';

export interface ActionsPorts {
  readonly bus: Pick<Bus, 'jobs'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: the system's resolver, which reads the hosts file too. */
  readonly resolve?: Resolve;
}

/** The addresses of a host name, in the order to try them. Rejects when there are none, or nobody answers. */
export type Resolve = (host: string) => Promise<readonly Address[]>;

export interface Address {
  readonly address: string;
  readonly family: number;
}
