import type { Clock } from './clock.ts';
import { DeadlineError } from './errors.ts';

export interface DeadlineOptions {
  readonly clock: Clock;
  readonly ms: number;
  /** What it rejects with when the time is over; a text names the work, in a {@link DeadlineError}. */
  readonly late: string | (() => Error);
  /** Ends the waiting too: rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * What `work` comes to, unless it takes longer than `ms`, or `signal` aborts: then the signal that `work` got aborts, and nobody waits
 * for it any more. Work that goes on all the same is left to itself.
 */
export async function withDeadline<T>(
  { clock, ms, late, signal }: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const cut = new AbortController();
  const done = new AbortController();
  const abort = () => cut.abort(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  clock.sleep(ms, done.signal).then(
    () => {
      const told = typeof late === 'string';
      cut.abort(told ? new DeadlineError(`${late} must be done within ${ms} ms`) : late());
    },
    () => {}, // the work was faster
  );
  try {
    return await orAborted(work(cut.signal), cut.signal);
  } finally {
    done.abort();
    signal?.removeEventListener('abort', abort);
  }
}

/** What `work` comes to, or a rejection with the signal's reason, whichever is first. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
