import { SallyportError } from '@sallyport/runtime';

/** A delta doesn't follow the version that the reader has: load the snapshot again. */
export class SnapshotGapError extends SallyportError {
  readonly code = 'SP_ERR_GATEWAY_GAP';
}

/** The stored entities can't be read: damaged, or written by a newer version. */
export class SnapshotFormatError extends SallyportError {
  readonly code = 'SP_ERR_GATEWAY_FORMAT';
}

/** The entities changed under every attempt to write; nothing was written. */
export class WriteContentionError extends SallyportError {
  readonly code = 'SP_ERR_GATEWAY_CONTENTION';
}
