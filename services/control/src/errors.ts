import { SallyportError } from '@sallyport/runtime';

/** Control was stopped while a request was at work: what it wrote may be there or not. */
export class ControlStoppedError extends SallyportError {
  readonly code = 'SP_ERR_CONTROL_STOPPED';
}

/** The ring `credentials` has no key that isn't retired: no consumer's key can be digested. */
export class NoCredentialKeyError extends SallyportError {
  readonly code = 'SP_ERR_CONTROL_NO_CREDENTIAL_KEY';
}

/** What an operator asked for can't be understood; the message says which part. Answered with 400. */
export class OperatorRequestError extends SallyportError {
  readonly code = 'SP_ERR_CONTROL_OPERATOR_REQUEST';
}
