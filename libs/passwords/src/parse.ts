import { parseBraces } from './braces.ts';
import { parseBcrypt, parseShaCrypt } from './crypt.ts';
import type { Limits } from './limits.ts';
import { parseArgon2, parseScrypt } from './phc.ts';
import { type Unusable, unusable } from './verdict.ts';
import type { Work } from './work.ts';

/** A hash as the work it takes and the result that a right password gives. */
export interface Parsed {
  readonly work: Work;
  readonly expected: Uint8Array;
}

type Reader = (hash: string, limits: Limits) => Parsed | Unusable;

/** By the text before the second `$`. */
const DOLLARS: Record<string, Reader> = {
  argon2id: parseArgon2,
  argon2i: parseArgon2,
  scrypt: parseScrypt,
  '2a': parseBcrypt,
  '2b': parseBcrypt,
  '2y': parseBcrypt,
  '5': parseShaCrypt,
  '6': parseShaCrypt,
};

/** Which of them may follow a name in braces. */
const WRAPPED: Record<string, readonly string[]> = {
  CRYPT: Object.keys(DOLLARS),
  'BLF-CRYPT': ['2a', '2b', '2y'],
  'SHA256-CRYPT': ['5'],
  'SHA512-CRYPT': ['6'],
  ARGON2I: ['argon2i'],
  ARGON2ID: ['argon2id'],
};

/** A hash of the longest scheme, with room to spare. */
const MOST_CHARACTERS = 1024;

/**
 * Reads a stored hash: `$id$…` (PHC strings, crypt) or `{SCHEME[.B64|.HEX]}…` (RFC 2307, Dovecot; case doesn't matter).
 * Without either it is of no scheme: a bare text is never taken for a password in clear.
 */
export function parseHash(hash: string, limits: Limits, plain: boolean): Parsed | Unusable {
  if (hash.length > MOST_CHARACTERS) {
    return unusable(
      'malformed',
      `hash has ${hash.length} characters, the most is ${MOST_CHARACTERS}`,
    );
  }
  const braces = /^\{([A-Za-z0-9-]{1,32})(?:\.(B64|HEX))?\}(.*)$/is.exec(hash);
  if (braces === null) return parseDollars(hash, limits);
  const [, name = '', suffix, text = ''] = braces;
  const scheme = name.toUpperCase();
  const encoding = suffix?.toUpperCase();
  const wrapped = Object.hasOwn(WRAPPED, scheme) ? WRAPPED[scheme] : undefined;
  if (wrapped !== undefined && encoding === undefined) {
    const id = idOf(text);
    if (id !== undefined && wrapped.includes(id)) return parseDollars(text, limits);
    return unusable('unknown-scheme', `{${scheme}} takes $${wrapped.join('$, $')}$ only`);
  }
  return (
    parseBraces(scheme, encoding, text, plain) ??
    unusable(
      'unknown-scheme',
      `{${scheme}${suffix === undefined ? '' : `.${encoding}`}} isn't known`,
    )
  );
}

function parseDollars(hash: string, limits: Limits): Parsed | Unusable {
  const id = idOf(hash);
  const reader = id !== undefined && Object.hasOwn(DOLLARS, id) ? DOLLARS[id] : undefined;
  if (reader !== undefined) return reader(hash, limits);
  // What stands there may be anything, a password too: only what looks like a scheme is repeated.
  return unusable(
    'unknown-scheme',
    id === undefined ? 'no $scheme$ or {SCHEME}' : `$${id}$ isn't known`,
  );
}

function idOf(hash: string): string | undefined {
  return /^\$([a-z0-9-]{1,16})\$/.exec(hash)?.[1];
}
