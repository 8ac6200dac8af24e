import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether `authorization` is `Bearer <token>` (RFC 6750, 2.1). Takes as long for a near miss as for any other. */
export function bears(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? '')?.[1] ?? '';
  // Digests: equal lengths, which timingSafeEqual asks for, and no hint of the token's own.
  return timingSafeEqual(digest(given), digest(token)) && given !== '';
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
