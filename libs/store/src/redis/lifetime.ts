/**
 * A time to live as PX takes it. Redis ends a key in the millisecond after the one it is given; the port, and our own
 * indexes, in that one. (For 1 ms there is nothing shorter.)
 */
export function lifetime(ttlMs: number): string {
  return String(Math.max(1, ttlMs - 1));
}
