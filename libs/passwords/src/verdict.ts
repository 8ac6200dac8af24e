/** What is to be said of a password and a hash. Only `match` lets anybody in. */
export type Verdict =
  | { readonly outcome: 'match' }
  | { readonly outcome: 'mismatch' }
  | Refused
  | Unusable
  | Busy;

/** The password can't be one of this scheme's. For whoever logs in it is a wrong password. */
export interface Refused {
  readonly outcome: 'refused';
  readonly reason: PasswordFault;
}

/**
 * `password-too-long`: more bytes than the limit, or than the 72 that bcrypt looks at: the rest wouldn't count.
 * `password-has-nul`: crypt(3) ends there, the rest wouldn't count. `password-not-utf8`: text with lone surrogates, or
 * bytes that our bcrypt can't take.
 */
export type PasswordFault = 'password-too-long' | 'password-has-nul' | 'password-not-utf8';

/** Nothing can be said, because of the hash: its owner has a problem that a password won't solve. */
export interface Unusable {
  readonly outcome: 'unusable';
  /** `too-costly`: its parameters are above our limits. `not-allowed`: a password in clear while `plain` is off. */
  readonly reason: 'unknown-scheme' | 'malformed' | 'too-costly' | 'not-allowed';
  /** Which rule, for a log line. Nothing of salt or hash is in it. */
  readonly detail: string;
}

/** As many questions as may wait are waiting already. Ask again later: a temporary failure. */
export interface Busy {
  readonly outcome: 'busy';
}

export function unusable(reason: Unusable['reason'], detail: string): Unusable {
  return { outcome: 'unusable', reason, detail };
}
