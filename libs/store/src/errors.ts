import { SallyportError } from '@sallyport/runtime';

/** The store can't be reached, or didn't answer before its deadline. What was asked may have happened. */
export class StoreUnavailableError extends SallyportError {
  readonly code = 'SP_ERR_STORE_UNAVAILABLE';
}

/** A commit named keys of more than one partition. */
export class PartitionError extends SallyportError {
  readonly code = 'SP_ERR_STORE_PARTITION';
}

/** A key, value, score, period or time to live breaks a rule of the port. */
export class StoreArgumentError extends SallyportError {
  readonly code = 'SP_ERR_STORE_ARGUMENT';
}

/** A counter would leave ±(2^53 − 1). Nothing of the commit was applied. */
export class CounterRangeError extends SallyportError {
  readonly code = 'SP_ERR_STORE_COUNTER_RANGE';
}

/** A stored value has a format that this version doesn't know: written by a newer one, or damaged. */
export class UnknownFormatError extends SallyportError {
  readonly code = 'SP_ERR_STORE_FORMAT';
}
