import type { SealContext, Timeouts } from '@sallyport/session';

/** How the sessions of a route are to be. Immutable. */
export interface SessionPolicy {
  /** The application: sessions are of one only. */
  readonly audience: string;
  /** Name of the cookie. */
  readonly cookie: string;
  /** Where they live. */
  readonly storage: 'server' | 'cookie';
  readonly timeouts: Timeouts;
}

/** What cookies of this policy are sealed for. */
export function sealContext({ audience, cookie, storage }: SessionPolicy): SealContext {
  return { audience, name: cookie, storage, remember: false };
}
