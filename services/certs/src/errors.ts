import { SallyportError } from '@sallyport/runtime';

/** What an ACME server says when it refuses (RFC 8555 section 6.7, RFC 9457). */
export interface ProblemDocument {
  readonly type: string;
  readonly detail: string;
  /** HTTP status; 0 where the problem wasn't an answer of its own. */
  readonly status: number;
}

/** An ACME server answered with an error. */
export class AcmeProblemError extends SallyportError {
  readonly code = 'SP_ERR_CERTS_ACME_PROBLEM';
  readonly problem: ProblemDocument;
  readonly retryAfterMs: number | undefined;

  constructor(problem: ProblemDocument, retryAfterMs?: number) {
    super(`${problem.type}: ${problem.detail}`);
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }
}

/** An ACME server couldn't validate a challenge. The order is lost with it. */
export class AcmeChallengeError extends SallyportError {
  readonly code = 'SP_ERR_CERTS_ACME_CHALLENGE';
  readonly problem: ProblemDocument;

  constructor(challenge: string, problem: ProblemDocument) {
    super(`${challenge}: ${problem.type}: ${problem.detail}`);
    this.problem = problem;
  }
}

/** No answer from an ACME server: not reached, not trusted, or too late. */
export class AcmeUnreachableError extends SallyportError {
  readonly code = 'SP_ERR_CERTS_ACME_UNREACHABLE';
}

/** An ACME server's answer isn't what RFC 8555 promises. */
export class AcmeProtocolError extends SallyportError {
  readonly code = 'SP_ERR_CERTS_ACME_PROTOCOL';
}

/** What a CA gave isn't a certificate for what was asked. */
export class WrongCertificateError extends SallyportError {
  readonly code = 'SP_ERR_CERTS_WRONG_CERTIFICATE';
}

/** The settings of an issuer or of `obtain` contradict themselves. */
export class CertsArgumentError extends SallyportError {
  readonly code = 'SP_ERR_CERTS_ARGUMENT';
}

/** Another process has taken the work over, because this one didn't renew its lease in time. Nothing was written. */
export class LeaseLostError extends SallyportError {
  readonly code = 'SP_ERR_CERTS_LEASE_LOST';
}

/** Other processes wrote the log of changes again and again at the same moment. What it would have told is told when it is put right. */
export class ChangeLogContentionError extends SallyportError {
  readonly code = 'SP_ERR_CERTS_CHANGE_LOG_CONTENTION';
}
