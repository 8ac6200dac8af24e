import { defineRecord, type Key } from '@sallyport/store';

/** How often a name failed without a success in between, at {@link failuresKey}. Nobody but certs reads it. */
export interface Failures {
  readonly count: number;
}

export const failures = defineRecord<Failures>({
  kind: 'failures of a name',
  format: 1,
  is: (value): value is Failures =>
    typeof value === 'object' &&
    value !== null &&
    'count' in value &&
    typeof value.count === 'number',
});

export const failuresKey = (name: string): Key => [name, 'failures'];
/** Held by the one process of the cluster that obtains a certificate for the name. */
export const leaseKey = (name: string): Key => [name, 'obtain'];
export const budgetKey = (registered: string): Key => [registered, 'budget'];
