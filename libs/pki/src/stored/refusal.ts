import { type StoredKey, type StoredKind, storedKind } from './record.ts';

/** Why a name isn't tried for a while; it expires when it may be. */
export interface StoredRefusal {
  readonly reason: string;
  /** For people. */
  readonly detail: string;
  /** About when it expires: milliseconds since the epoch, by the clock of who wrote it. */
  readonly until: number;
}

/** Refusals by name, in space `certs`. A name may have a certificate as well: then renewing it failed. */
export const storedRefusals: StoredKind<StoredRefusal> & { key(name: string): StoredKey } = {
  key: (name) => [name, 'refusal'],
  ...storedKind<StoredRefusal>('refusal', 1, {
    ...{ reason: 'string', detail: 'string', until: 'number' },
  }),
};
