import { isUtf8 } from 'node:buffer';
import type { PasswordFault } from './verdict.ts';
import type { Work } from './work.ts';

/** What bcrypt looks at. */
const BCRYPT_BYTES = 72;

/**
 * A copy of the password as bytes, UTF-8 for text; undefined for text that has no UTF-8 (lone surrogates). In memory of its
 * own: `Buffer.from` takes a slice of a shared pool, and the whole pool would be copied into the thread that computes.
 */
export function passwordBytes(password: Uint8Array | string): Buffer | undefined {
  if (typeof password !== 'string') {
    const copy = Buffer.alloc(password.length);
    copy.set(password);
    return copy;
  }
  if (!password.isWellFormed()) return undefined;
  const bytes = Buffer.alloc(Buffer.byteLength(password, 'utf8'));
  bytes.write(password, 'utf8');
  return bytes;
}

/** Why `password` can't be one of the scheme behind `work`; undefined when it can. */
export function faultOf(work: Work, password: Uint8Array): PasswordFault | undefined {
  if (work.kind !== 'bcrypt' && work.kind !== 'sha-crypt') return undefined;
  if (password.includes(0)) return 'password-has-nul';
  if (work.kind === 'sha-crypt') return undefined;
  if (password.length > BCRYPT_BYTES) return 'password-too-long';
  return isUtf8(password) ? undefined : 'password-not-utf8';
}
