import type { Clock } from '@sallyport/runtime';

/**
 * What `work` comes to, unless it takes longer than `ms`: then it rejects with what `late` makes, and the signal that `work` has
 * aborts. Work that goes on all the same is left to itself. Rejects with the reason of `outer` when that aborts first.
 */
export async function within<T>(
  clock: Clock,
  ms: number,
  late: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  outer?.throwIfAborted();
  const done = new AbortController();
  const cut = new AbortController();
  const timer = clock.sleep(ms, done.signal).then(late, () => undefined);
  const abort = () => cut.abort(outer?.reason);
  outer?.addEventListener('abort', abort, { once: true });
  const over = Promise.withResolvers<never>();
  cut.signal.addEventListener('abort', () => over.reject(cut.signal.reason), { once: true });
  void timer.then((error) => {
    if (error !== undefined) cut.abort(error);
  });
  try {
    return await Promise.race([work(cut.signal), over.promise]);
  } finally {
    outer?.removeEventListener('abort', abort);
    done.abort();
  }
}
