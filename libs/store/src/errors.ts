import { SallyportError } from '@sallyport/runtime';

/** The store can't be reached, or didn't answer before its deadline. What was asked may have happened. */
export class StoreUnavailableError extends SallyportError {
  readonly code = 'SP_ERR_STORE_UNAVAILABLE';
}

/** The store was asked something after it was disposed. Nothing was done. */
export class StoreClosedError extends SallyportError {
  readonly code = 'SP_ERR_STORE_CLOSED';
}

/** Another process, or another store of this one, has the data file open. */
export class StoreInUseError extends SallyportError {
  readonly code = 'SP_ERR_STORE_IN_USE';
}

/** What the store holds as a whole has a layout that this version doesn't know, or isn't a store of ours. */
export class StoreLayoutError extends SallyportError {
  readonly code = 'SP_ERR_STORE_LAYOUT';
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

/** A stored value has a format that this version doesn't know: written by a newer one. */
export class UnknownFormatError extends SallyportError {
  readonly code = 'SP_ERR_STORE_FORMAT';
}

/** A stored value has a known format, but its bytes can't be read as that. */
export class DamagedRecordError extends SallyportError {
  readonly code = 'SP_ERR_STORE_DAMAGED';
}

/**
 * The store's own access rules refuse what was asked, or the credentials are wrong (Redis ACL, AUTH). Nothing was done,
 * and waiting doesn't help.
 */
export class StoreAccessError extends SallyportError {
  readonly code = 'SP_ERR_STORE_ACCESS';
}
