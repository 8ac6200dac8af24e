import type { PrivateKey } from '@sallyport/pki';
import type { Challenges } from '../challenges/challenges.ts';

/** Somebody who signs certificates: a public CA by ACME, or our own. */
export interface Issuer {
  /** As configured; in events and records. */
  readonly name: string;
  /**
   * A certificate for `names` and the public half of `key`. What goes wrong at the CA is a value; rejections are the store's
   * own (accounts and challenges are kept there) and the signal's reason. After a rejection the CA may have issued.
   * Any number of calls may run side by side; each is an order of its own.
   */
  issue(request: IssueRequest, signal: AbortSignal): Promise<IssueResult>;
}

export interface IssueRequest {
  /** Lower-case A-labels, at least one. */
  readonly names: readonly string[];
  readonly key: PrivateKey;
  /** Where challenges are published for the edges to answer. */
  readonly challenges: Challenges;
}

export type IssueResult =
  /** `chain`: PEM, the leaf first, without the root. */
  | { readonly issued: true; readonly chain: string }
  | { readonly issued: false; readonly problem: IssueProblem };

/** Why there is no certificate. */
export interface IssueProblem {
  /**
   * - `scope`: this issuer doesn't do such names; nobody was asked
   * - `unreachable`: no answer, or not from whom we trust
   * - `server`: the CA is in trouble
   * - `rate-limited`: too much was asked of it
   * - `account`: it doesn't know us, or wants something from the account's owner
   * - `names`: it doesn't issue for them, by policy or because of their CAA records
   * - `challenge`: it couldn't convince itself that the name leads to us
   * - `protocol`: it refuses what we send, or we don't understand what it answers
   */
  readonly reason:
    | 'account'
    | 'challenge'
    | 'names'
    | 'protocol'
    | 'rate-limited'
    | 'scope'
    | 'server'
    | 'unreachable';
  /** The CA's problem type, such as `urn:ietf:params:acme:error:caa` (RFC 8555 section 6.7). */
  readonly type?: string;
  readonly detail: string;
  /** The CA's wish: not again before so many milliseconds. */
  readonly retryAfterMs?: number;
  /**
   * Whether another issuer may do better. Not when the name doesn't lead to us: the next CA would find the same, and count
   * it against us.
   */
  readonly elsewhere: boolean;
}
