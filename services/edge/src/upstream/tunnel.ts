import type { Duplex } from 'node:stream';

/** A side whose other side has ended gets so long to say its last words. */
const LINGER_MS = 1000;

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
  const ending = () => upstream.setTimeout?.(LINGER_MS);
  client.once('end', ending);
  upstream.once('end', ending);
  if (head.length > 0) client.write(head);
  client.pipe(upstream);
  upstream.pipe(client);
  if (client.destroyed) upstream.destroy();
  if (upstream.destroyed) client.destroy();
  return promise;
}
