import type { Login } from '../../login.ts';
import type { Stage } from '../stage.ts';

/** Knows users and their passwords. */
export interface Backend extends Stage {
  /** Rejects when it can't say; then {@link Stage.onFailure} holds. Never asked without a name and a password. */
  authenticate(login: Login, signal: AbortSignal): Promise<BackendAnswer>;
  /**
   * Does for a user that nobody knows the work that a known one costs, so that time doesn't tell who exists. Asked of
   * the first backend only, once all have said `absent`.
   */
  pretend?(login: Login, signal: AbortSignal): Promise<{ readonly outcome: 'pretend' | 'busy' }>;
}

export type BackendAnswer =
  | BackendMatch
  /** Knows no such user: the next backend is asked. */
  | { readonly outcome: 'absent' }
  /** Knows the user, and it isn't their password. No other backend is asked. */
  | { readonly outcome: 'wrong'; readonly account: string }
  /** Has too much to do: a temporary failure, whatever the fail policy. */
  | { readonly outcome: 'busy' };

/** It is the user's password. */
export interface BackendMatch {
  readonly outcome: 'match';
  readonly account: string;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}
