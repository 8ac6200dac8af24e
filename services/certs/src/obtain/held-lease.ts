import type { Clock } from '@sallyport/runtime';
import { type Lease, StoreUnavailableError } from '@sallyport/store';
import { LeaseLostError } from '../errors.ts';

/** A lease that is renewed until it is disposed, which doesn't release it. */
export interface HeldLease extends AsyncDisposable {
  /** Aborts with `LeaseLostError` when another process may have it. */
  readonly lost: AbortSignal;
}

/** Renews `lease` three times in its length. A store that can't be reached doesn't take it away: commits will tell. */
export function holdLease(lease: Lease, ttlMs: number, clock: Clock): HeldLease {
  const lost = new AbortController();
  const done = new AbortController();
  const renew = async () => {
    while (!done.signal.aborted && !lost.signal.aborted) {
      try {
        await clock.sleep(ttlMs / 3, done.signal);
        if (!(await lease.renew(done.signal))) {
          const [name] = lease.key;
          lost.abort(new LeaseLostError(`lease of ${name} was taken by another process`));
        }
      } catch (error) {
        if (done.signal.aborted || error instanceof StoreUnavailableError) continue;
        lost.abort(error);
      }
    }
  };
  const renewing = renew();
  return {
    lost: lost.signal,
    async [Symbol.asyncDispose]() {
      done.abort();
      await renewing;
    },
  };
}
