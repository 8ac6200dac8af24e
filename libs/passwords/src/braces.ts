import { hash as digest } from 'node:crypto';
import { fromBase64 } from './base64.ts';
import type { Parsed } from './parse.ts';
import { type Unusable, unusable } from './verdict.ts';
import type { DigestWork } from './work.ts';

type Algorithm = DigestWork['algorithm'];

const LENGTH: Record<Algorithm, number> = { sha1: 20, sha256: 32, sha512: 64 };

/** Digests in braces: RFC 2307's `{SHA}` and `{SSHA}` and what LDAP servers and Dovecot made of them. */
const DIGESTS: Record<string, { algorithm: Algorithm; salted: boolean }> = {
  SHA: { algorithm: 'sha1', salted: false },
  SHA1: { algorithm: 'sha1', salted: false },
  SHA256: { algorithm: 'sha256', salted: false },
  SHA512: { algorithm: 'sha512', salted: false },
  SSHA: { algorithm: 'sha1', salted: true },
  SSHA256: { algorithm: 'sha256', salted: true },
  SSHA512: { algorithm: 'sha512', salted: true },
};

const PLAIN = new Set(['PLAIN', 'CLEAR', 'CLEARTEXT']);
const MOST_SALT = 64;

/**
 * Reads what stands after `{scheme}` for the schemes of this file; undefined for others. `encoding` is the suffix of the
 * scheme, `B64` or `HEX`. Without one it is base 64, and for an unsalted digest also hexadecimal when the length says so,
 * as in Dovecot.
 */
export function parseBraces(
  scheme: string,
  encoding: string | undefined,
  text: string,
  plain: boolean,
): Parsed | Unusable | undefined {
  if (PLAIN.has(scheme)) {
    if (!plain) return unusable('not-allowed', `{${scheme}} is off: passwords in clear`);
    const password = encoding === undefined ? Buffer.from(text, 'utf8') : decode(text, encoding);
    if (password === undefined) return unusable('malformed', `{${scheme}} isn't in its encoding`);
    // Compared by digest, so that neither length nor content of the stored one shows in the time it takes.
    return {
      work: { kind: 'digest', algorithm: 'sha256', salt: new Uint8Array() },
      expected: digest('sha256', password, 'buffer'),
    };
  }
  const found = Object.hasOwn(DIGESTS, scheme) ? DIGESTS[scheme] : undefined;
  if (found === undefined) return undefined;
  const { algorithm, salted } = found;
  const length = LENGTH[algorithm];
  const hexLike = !salted && text.length === 2 * length;
  const bytes = decode(text, encoding ?? (hexLike ? 'HEX' : 'B64'));
  if (bytes === undefined) return unusable('malformed', `{${scheme}} isn't in its encoding`);
  const salt = bytes.subarray(length);
  const right = salted ? salt.length > 0 && salt.length <= MOST_SALT : bytes.length === length;
  if (!right) {
    const rule = salted ? `and a salt of 1 to ${MOST_SALT}` : 'and nothing else';
    return unusable('malformed', `{${scheme}} must be ${length} bytes ${rule}`);
  }
  return { work: { kind: 'digest', algorithm, salt }, expected: bytes.subarray(0, length) };
}

export function formatSalted({ algorithm, salt }: DigestWork, hash: Uint8Array): string {
  const name = algorithm === 'sha1' ? 'SSHA' : `S${algorithm.toUpperCase()}`;
  return `{${name}}${Buffer.concat([hash, salt]).toString('base64')}`;
}

function decode(text: string, encoding: string): Buffer | undefined {
  if (encoding === 'B64') return fromBase64(text);
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) return undefined;
  return Buffer.from(text, 'hex');
}
