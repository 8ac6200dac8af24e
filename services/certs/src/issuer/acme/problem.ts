import {
  AcmeChallengeError,
  AcmeProblemError,
  AcmeProtocolError,
  AcmeUnreachableError,
  type ProblemDocument,
} from '../../errors.ts';
import type { IssueProblem } from '../issuer.ts';

const URN = 'urn:ietf:params:acme:error:';

/** RFC 8555 section 6.7 and RFC 8738, 8739, 9773: last part of the type → what it means for us. */
const REASONS: Readonly<Record<string, IssueProblem['reason']>> = {
  accountDoesNotExist: 'account',
  badCSR: 'protocol',
  badNonce: 'protocol',
  badPublicKey: 'protocol',
  caa: 'names',
  connection: 'challenge',
  dns: 'challenge',
  externalAccountRequired: 'account',
  incorrectResponse: 'challenge',
  invalidContact: 'account',
  malformed: 'protocol',
  rateLimited: 'rate-limited',
  rejectedIdentifier: 'names',
  serverInternal: 'server',
  tls: 'challenge',
  unauthorized: 'account',
  unsupportedContact: 'account',
  unsupportedIdentifier: 'names',
  userActionRequired: 'account',
};

/** Reads a body as a problem document (RFC 9457); what isn't one becomes one of type `about:blank`. */
export function problemDocument(data: unknown, status: number): ProblemDocument {
  const { type, detail } = (typeof data === 'object' && data !== null ? data : {}) as {
    type?: unknown;
    detail?: unknown;
  };
  return {
    type: typeof type === 'string' ? type.slice(0, 256) : 'about:blank',
    detail: typeof detail === 'string' ? detail.slice(0, 1024) : `HTTP status ${status}`,
    status,
  };
}

/** A Retry-After field, seconds or a date (RFC 9110 section 10.2.3), as milliseconds from `now`. */
export function retryAfterMs(field: string | undefined, now: number): number | undefined {
  if (field === undefined) return undefined;
  const ms = /^\d+$/.test(field) ? Number(field) * 1000 : Date.parse(field) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

/** What an issuer answers for an error of this folder; `undefined` for any other, which isn't the CA's doing. */
export function toProblem(error: unknown): IssueProblem | undefined {
  if (error instanceof AcmeUnreachableError) {
    return { reason: 'unreachable', detail: error.message, elsewhere: true };
  }
  if (error instanceof AcmeProtocolError) {
    return { reason: 'protocol', detail: error.message, elsewhere: true };
  }
  if (error instanceof AcmeChallengeError) {
    // A CAA record names the CAs that may: another one may be among them.
    const { type, detail } = error.problem;
    const named = type === `${URN}caa`;
    return { reason: named ? 'names' : 'challenge', type, detail, elsewhere: named };
  }
  if (error instanceof AcmeProblemError) {
    const { type, detail, status } = error.problem;
    const reason = reasonOf(type, status);
    return {
      ...{ reason, type, detail, elsewhere: reason !== 'challenge' },
      ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    };
  }
  return undefined;
}

function reasonOf(type: string, status: number): IssueProblem['reason'] {
  const known = type.startsWith(URN) ? REASONS[type.slice(URN.length)] : undefined;
  if (known !== undefined) return known;
  if (status === 429) return 'rate-limited';
  return status >= 500 ? 'server' : 'protocol';
}

/** Whether the CA says that it has no such account. */
export function isAccountGone(error: unknown): boolean {
  return error instanceof AcmeProblemError && error.problem.type === `${URN}accountDoesNotExist`;
}
