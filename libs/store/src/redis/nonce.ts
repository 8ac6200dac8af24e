import { randomBytes } from 'node:crypto';

/** A name that nobody else has: 128 random bits. */
export function nonce(): string {
  return randomBytes(16).toString('base64url');
}
