import type { Clock, Entry, Health, Ids, Logger, Service } from '@sallyport/runtime';
import type { Shared } from '../adapters.ts';
import type { PatientRings } from '../rings.ts';

/** What every part is put together from. */
export interface PartContext extends Omit<Shared, 'rings'> {
  readonly rings: PatientRings;
  readonly keys: Shared['rings'];
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly health: Health;
  readonly version: string;
  /** The configuration in effect in this process, secrets masked. */
  readonly configuration: () => readonly Entry[];
}

/** A service of the house, and what the process must know of it. */
export interface Part {
  readonly service: Service;
  /** Where it answers, as URLs, once started. */
  urls(): string[];
  /** PEM of the authority that visitors have to trust, once started. Of certs only. */
  authority?(): string | undefined;
}
