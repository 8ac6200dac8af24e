import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Resolves with the first value of `condition` that isn't false, undefined or null; fails after `timeoutMs`
 * with `what`. Instead of sleeping for as long as something usually takes.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  what = String(condition),
  timeoutMs = 10_000,
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value !== false && value !== undefined && value !== null) {
      return value as NonNullable<Exclude<T, false>>;
    }
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(5);
  }
}
