import type { Login } from '../../login.ts';
import type { Stage } from '../stage.ts';

/** Looks at a login before any backend is asked. Must not look at whether the password is right. */
export interface Feature extends Stage {
  /** Rejects when it can't say; then {@link Stage.onFailure} holds. */
  look(login: Login, signal: AbortSignal): Promise<FeatureAnswer>;
}

export type FeatureAnswer =
  | { readonly outcome: 'pass' }
  /** The login ends here. `reason` is one hyphenated lower-case word. */
  | {
      readonly outcome: 'trigger';
      readonly verdict: 'reject' | 'tempfail';
      readonly reason: string;
    };
