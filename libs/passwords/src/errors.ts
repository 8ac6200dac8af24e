import { SallyportError } from '@sallyport/runtime';

/** An option of `createPasswords` breaks a rule. A configuration error. */
export class PasswordOptionsError extends SallyportError {
  readonly code = 'SP_ERR_PASSWORDS_OPTIONS';
}

/** A password was asked about after disposal, or waited when it began. Nothing was decided. */
export class PasswordsClosedError extends SallyportError {
  readonly code = 'SP_ERR_PASSWORDS_CLOSED';
}

/** The thread that computed a hash died or threw. Nothing was decided; the next question gets a new thread. */
export class PasswordWorkerError extends SallyportError {
  readonly code = 'SP_ERR_PASSWORDS_WORKER';
}
