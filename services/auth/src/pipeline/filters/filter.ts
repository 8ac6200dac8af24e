import type { Accept, Reject } from '../../decision.ts';
import type { Login } from '../../login.ts';
import type { Stage } from '../stage.ts';

/**
 * Has the last say on what backends found, whether it lets in or not. It can only refuse: `pass` leaves the judgement as
 * it is. A judgement that refuses already stays as it is whatever the filter says or does.
 */
export interface Filter extends Stage {
  /** Rejects when it can't say; then {@link Stage.onFailure} holds. */
  judge(login: Login, found: Accept | Reject, signal: AbortSignal): Promise<FilterAnswer>;
}

export type FilterAnswer = { readonly outcome: 'pass' } | { readonly outcome: 'reject' };
