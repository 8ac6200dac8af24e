import { SallyportError } from '@sallyport/runtime';

/** An argument breaks a rule: attributes of a cookie that browsers refuse, time-outs that aren't times. */
export class SessionArgumentError extends SallyportError {
  readonly code = 'SP_ERR_SESSION_ARGUMENT';
}

/** A session has more data than fits into its cookies. Server storage has no such bound. */
export class SessionTooLargeError extends SallyportError {
  readonly code = 'SP_ERR_SESSION_TOO_LARGE';
}

/** A record has a format from the future, or can't be read as the one it claims. */
export class SessionRecordError extends SallyportError {
  readonly code = 'SP_ERR_SESSION_RECORD';
}

/** Others changed the same record again and again; nothing was done, and it may be tried again. */
export class SessionConflictError extends SallyportError {
  readonly code = 'SP_ERR_SESSION_CONFLICT';
}
