import type { Limits } from './limits.ts';
import type { Parsed } from './parse.ts';
import { above } from './phc.ts';
import { type Unusable, unusable } from './verdict.ts';
import type { BcryptWork, ShaCryptWork } from './work.ts';

/** `$2b$10$` + 22 characters of salt + 31 of hash. `$2x$` is another algorithm (a bug that was given a letter). */
const BCRYPT = /^\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/;

/** `$6$rounds=10000$salt$hash`; printable salts without `$` and `:`. */
const SHA_CRYPT = /^\$([56])\$(?:rounds=([1-9]\d{0,9})\$)?([!-#%-9;-~]{0,16})\$([./A-Za-z0-9]*)$/;

/** What crypt(3) takes when the hash doesn't say. */
const DEFAULT_ROUNDS = 5000;
const LEAST_ROUNDS = 1000;
const MOST_ROUNDS = 999_999_999;
const HASH_LENGTH = { sha256: 43, sha512: 86 };

export function parseBcrypt(hash: string, limits: Limits): Parsed | Unusable {
  const match = BCRYPT.exec(hash);
  if (match === null) {
    return unusable('malformed', 'bcrypt must be $2a$, $2b$ or $2y$, two digits, $, 53 characters');
  }
  const [, costText, salt = '', text = ''] = match;
  const cost = Number(costText);
  if (cost < 4 || cost > 31) return unusable('malformed', `bcrypt cost is ${cost}, not 4 to 31`);
  return (
    above('bcrypt cost', cost, limits.bcryptCost) ?? {
      work: { kind: 'bcrypt', cost, salt },
      expected: Buffer.from(text, 'latin1'),
    }
  );
}

/**
 * Reads `$5$` and `$6$` (Drepper, "Unix crypt using SHA-256 and SHA-512", 0.6). Rounds outside 1000 to 999,999,999 are
 * malformed, as in libxcrypt; the original text moved them to the nearest bound.
 */
export function parseShaCrypt(hash: string, limits: Limits): Parsed | Unusable {
  const match = SHA_CRYPT.exec(hash);
  if (match === null) {
    return unusable('malformed', 'SHA-crypt must be $5$ or $6$, rounds, salt up to 16, $, hash');
  }
  const [, id, roundsText, salt = '', text = ''] = match;
  const rounds = roundsText === undefined ? DEFAULT_ROUNDS : Number(roundsText);
  if (rounds < LEAST_ROUNDS || rounds > MOST_ROUNDS) {
    return unusable(
      'malformed',
      `SHA-crypt has ${rounds} rounds, not ${LEAST_ROUNDS} to ${MOST_ROUNDS}`,
    );
  }
  const algorithm = id === '5' ? 'sha256' : 'sha512';
  if (text.length !== HASH_LENGTH[algorithm]) {
    return unusable(
      'malformed',
      `a hash of $${id}$ must have ${HASH_LENGTH[algorithm]} characters`,
    );
  }
  return (
    above('SHA-crypt rounds', rounds, limits.shaCryptRounds) ?? {
      work: { kind: 'sha-crypt', algorithm, rounds, salt },
      expected: Buffer.from(text, 'latin1'),
    }
  );
}

export function formatBcrypt({ cost, salt }: BcryptWork, hash: Uint8Array): string {
  return `$2b$${String(cost).padStart(2, '0')}$${salt}${Buffer.from(hash).toString('latin1')}`;
}

export function formatShaCrypt(work: ShaCryptWork, hash: Uint8Array): string {
  const id = work.algorithm === 'sha256' ? '5' : '6';
  const text = Buffer.from(hash).toString('latin1');
  return `$${id}$rounds=${work.rounds}$${work.salt}$${text}`;
}
