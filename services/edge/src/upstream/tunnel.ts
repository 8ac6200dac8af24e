import type { Duplex } from 'node:stream';

/** What came with the upgrade goes first; then both ways until one side ends, or nothing moved for `idleMs`. */
export function tunnel(
  client: Duplex,
  upstream: Duplex & { setTimeout?(ms: number, callback?: () => void): unknown },
  head: Buffer,
  idleMs: number,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let open = 2;
  const closed = (other: Duplex) => () => {
    other.destroy();
    open -= 1;
    if (open === 0) resolve();
  };
  // An error is followed by 'close', which ends the other side.
  client.on('error', () => {});
  upstream.on('error', () => {});
  client.once('close', closed(upstream));
  upstream.once('close', closed(client));
  // Bytes of either direction are seen here.
  upstream.setTimeout?.(idleMs, () => upstream.destroy());
  if (head.length > 0) client.write(head);
  client.pipe(upstream);
  upstream.pipe(client);
  if (client.destroyed) upstream.destroy();
  if (upstream.destroyed) client.destroy();
  return promise;
}
