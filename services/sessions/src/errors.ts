import { SallyportError } from '@sallyport/runtime';

/** A request fits its contract and yet can't be done: no idempotency key, a storage that doesn't exist. */
export class SessionsRequestError extends SallyportError {
  readonly code = 'SP_ERR_SESSIONS_REQUEST';
}

/** The session that a repeated request made has ended since. Asking again doesn't bring it back: take a new key. */
export class SessionEndedError extends SallyportError {
  readonly code = 'SP_ERR_SESSIONS_ENDED';
}
