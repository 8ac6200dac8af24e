import { systemClock } from '@sallyport/runtime';

/** Resolves once `condition` holds; fails after `ms` with `what`. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: () => string,
  ms = 10_000,
): Promise<void> {
  const deadline = systemClock.monotonic() + ms;
  while (!(await condition())) {
    if (systemClock.monotonic() > deadline) throw new Error(`not within ${ms} ms: ${what()}`);
    await systemClock.sleep(3);
  }
}

/** A promise and the means to settle it, for handlers that a test holds. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
