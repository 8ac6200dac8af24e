import { type Clock, DeadlineError } from '@sallyport/runtime';

/**
 * The result of `work`, or a `DeadlineError` when there is none after `ms`; then, and when `signal` aborts, the signal that `work` got
 * aborts, and nobody waits for it any more.
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  signal?.throwIfAborted();
  const cut = new AbortController();
  const over = Promise.withResolvers<never>();
  const stop = (reason: unknown) => {
    over.reject(reason);
    cut.abort(reason);
  };
  const onAbort = () => stop(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = new AbortController();
  void clock.sleep(ms, timer.signal).then(
    () => stop(new DeadlineError(`${what} must be done within ${ms} ms`)),
    () => undefined,
  );
  try {
    return await Promise.race([work(cut.signal), over.promise]);
  } finally {
    timer.abort();
    signal?.removeEventListener('abort', onAbort);
  }
}
