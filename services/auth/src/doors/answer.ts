import type { Accept, Settled } from '../decision.ts';

/** An answer of the HTTP door, ready to be sent. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const FAILED = 'Invalid login or password';
const TEMPORARY = 'Temporary server problem, try again later';
const CLEARTEXT = 'TLS transport encryption required';

export interface AnswerOptions {
  /** Which attempt on its connection, from 1. */
  readonly attempt: number;
  /** The most to wait after a failure. */
  readonly waitDelayMs: number;
}

/**
 * What a settled decision looks like on the wire of `/api/v1/generic/json`. Only the branch of an accept, which has what a
 * backend found, can make a 200 or `Auth-Status: OK`.
 */
export function jsonAnswer({ decision, judgement }: Settled, options: AnswerOptions): HttpAnswer {
  switch (judgement.verdict) {
    case 'accept':
      return success(decision, judgement);
    case 'reject':
      return failure(decision, options);
    case 'tempfail':
      return temporary(judgement.reason === 'tls-encryption' ? CLEARTEXT : TEMPORARY, decision);
  }
}

function success(decision: string, { account, attributes, backend }: Accept): HttpAnswer {
  const body = {
    ...{ AccountField: 'account', TOTPSecretField: '', UniqueUserIDField: '' },
    ...{ DisplayNameField: '', Backend: backend, Password: '' },
    Attributes: { ...attributes, account: [account] },
  };
  return {
    status: 200,
    headers: {
      ...{ 'Auth-Status': 'OK', 'Auth-User': headerText(account), 'X-User-Found': 'true' },
      ...{ 'X-Nauthilus-Session': decision, 'X-Auth-Cache': 'Miss' },
      'Content-Type': 'application/json; charset=utf-8',
    },
    body: JSON.stringify(body),
  };
}

/** The same text whatever the reason: a stranger must not learn who exists, or that a network is watched. */
function failure(decision: string, { attempt, waitDelayMs }: AnswerOptions): HttpAnswer {
  const wait = Math.trunc((waitDelayMs / 1000) * Math.tanh(0.03 * attempt));
  return {
    status: 403,
    headers: {
      ...{ 'Auth-Status': FAILED, 'X-Nauthilus-Session': decision },
      ...(wait > 0 ? { 'Auth-Wait': String(wait) } : {}),
      'Content-Type': 'text/plain; charset=utf-8',
    },
    body: FAILED,
  };
}

/** Also for what went wrong before there was a decision. */
export function temporary(text = TEMPORARY, decision?: string): HttpAnswer {
  return {
    status: 500,
    headers: {
      'Auth-Status': text,
      ...(decision === undefined ? {} : { 'X-Nauthilus-Session': decision }),
      'Content-Type': 'application/json; charset=utf-8',
    },
    body: JSON.stringify({ Error: text }),
  };
}

/** UTF-8 as Node's header values have it, one character for each byte. */
function headerText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
