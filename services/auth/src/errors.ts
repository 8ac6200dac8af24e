import { SallyportError } from '@sallyport/runtime';

/** A question that can't be decided because a field of it breaks a rule; the message names both. Nothing was decided. */
export class LoginRequestError extends SallyportError {
  readonly code = 'SP_ERR_AUTH_REQUEST';
}

/** The sealed password of a question can't be opened: forged, for another message, or too old. Nothing was decided. */
export class SealedPasswordError extends SallyportError {
  readonly code = 'SP_ERR_AUTH_SEALED_PASSWORD';
}

/** A users file can't be read or has mistakes; each with its line and the rule, never a hash. */
export class UsersFileError extends SallyportError {
  readonly code = 'SP_ERR_AUTH_USERS_FILE';
}

/** A stage of the pipeline didn't answer in its time. Its fail policy says what that means. */
export class StageTimeoutError extends SallyportError {
  readonly code = 'SP_ERR_AUTH_STAGE_TIMEOUT';
}

/** The stored hash of a user can't be verified. The user's login fails as its backend's fail policy says. */
export class UnusableHashError extends SallyportError {
  readonly code = 'SP_ERR_AUTH_UNUSABLE_HASH';
}

/** Others changed the list of bans at the same time, again and again. The ban will be tried again. */
export class BanConflictError extends SallyportError {
  readonly code = 'SP_ERR_AUTH_BAN_CONFLICT';
}

/** The service was stopped while a login was being decided. */
export class AuthStoppedError extends SallyportError {
  readonly code = 'SP_ERR_AUTH_STOPPED';
}
