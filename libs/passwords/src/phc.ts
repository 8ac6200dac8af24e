import { fromBase64, toBase64 } from './base64.ts';
import type { Limits } from './limits.ts';
import type { Parsed } from './parse.ts';
import { type Unusable, unusable } from './verdict.ts';
import type { Argon2Work, ScryptWork } from './work.ts';

/** `$argon2id$v=19$m=65536,t=3,p=1$salt$hash`, parameters in this order, as every implementation writes it. */
const ARGON2 =
  /^\$(argon2id|argon2i)\$v=(\d{1,10})\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,10})\$([^$]*)\$([^$]*)$/;

/** `$scrypt$ln=15,r=8,p=3$salt$hash`. */
const SCRYPT = /^\$scrypt\$ln=(\d{1,3}),r=(\d{1,10}),p=(\d{1,10})\$([^$]*)\$([^$]*)$/;

const ARGON2_VERSION = 0x13;
const MOST_SALT = 64;
const MOST_HASH = 128;
const LEAST_HASH = 12;

/** Reads an argon2 hash (PHC string format, RFC 9106 parameter ranges). */
export function parseArgon2(hash: string, limits: Limits): Parsed | Unusable {
  const match = ARGON2.exec(hash);
  if (match === null) return unusable('malformed', 'argon2 must be $v=…$m=…,t=…,p=…$salt$hash');
  const [, variant, version, m, t, p, saltText = '', hashText = ''] = match;
  const [memoryKiB, passes, lanes] = [Number(m), Number(t), Number(p)];
  if (Number(version) !== ARGON2_VERSION) {
    return unusable('unknown-scheme', `argon2 version ${version} isn't ${ARGON2_VERSION}`);
  }
  const costly =
    above('argon2 memory in KiB', memoryKiB, limits.memoryKiB) ??
    above('argon2 passes', passes, limits.argon2Passes) ??
    above('argon2 lanes', lanes, limits.lanes);
  if (costly !== undefined) return costly;
  if (passes < 1 || lanes < 1 || memoryKiB < 8 * lanes) {
    return unusable('malformed', 'argon2 needs t ≥ 1, p ≥ 1 and m ≥ 8p');
  }
  const bytes = saltAndHash('argon2', saltText, hashText, 8);
  if ('outcome' in bytes) return bytes;
  return {
    expected: bytes.expected,
    work: {
      ...{ kind: 'argon2', variant: variant as Argon2Work['variant'] },
      ...{ salt: bytes.salt, memoryKiB, passes, lanes, length: bytes.expected.length },
    },
  };
}

/** Reads an scrypt hash (PHC string format, as passlib writes it; RFC 7914 parameter ranges). */
export function parseScrypt(hash: string, limits: Limits): Parsed | Unusable {
  const match = SCRYPT.exec(hash);
  if (match === null) return unusable('malformed', 'scrypt must be $ln=…,r=…,p=…$salt$hash');
  const [, ln, r, p, saltText = '', hashText = ''] = match;
  const [logN, blockSize, parallelization] = [Number(ln), Number(r), Number(p)];
  const costly =
    above('scrypt memory in KiB', (2 ** logN * blockSize) / 8, limits.memoryKiB) ??
    above('scrypt parallelization', parallelization, limits.lanes) ??
    above(
      'scrypt parallelization times r in KiB',
      (parallelization * blockSize) / 8,
      limits.memoryKiB,
    );
  if (costly !== undefined) return costly;
  if (logN < 1 || blockSize < 1 || parallelization < 1 || logN >= 16 * blockSize) {
    return unusable('malformed', 'scrypt needs ln ≥ 1, r ≥ 1, p ≥ 1 and ln < 16r');
  }
  const bytes = saltAndHash('scrypt', saltText, hashText, 0);
  if ('outcome' in bytes) return bytes;
  return {
    expected: bytes.expected,
    work: {
      ...{ kind: 'scrypt', salt: bytes.salt, length: bytes.expected.length },
      ...{ logN, blockSize, parallelization },
    },
  };
}

export function formatArgon2(work: Argon2Work, hash: Uint8Array): string {
  const cost = `m=${work.memoryKiB},t=${work.passes},p=${work.lanes}`;
  return `$${work.variant}$v=${ARGON2_VERSION}$${cost}$${toBase64(work.salt)}$${toBase64(hash)}`;
}

export function formatScrypt(work: ScryptWork, hash: Uint8Array): string {
  const cost = `ln=${work.logN},r=${work.blockSize},p=${work.parallelization}`;
  return `$scrypt$${cost}$${toBase64(work.salt)}$${toBase64(hash)}`;
}

/** The refusal of a parameter above its limit. */
export function above(what: string, value: number, limit: number): Unusable | undefined {
  return value > limit
    ? unusable('too-costly', `${what} is ${value}, the most allowed is ${limit}`)
    : undefined;
}

function saltAndHash(
  scheme: string,
  saltText: string,
  hashText: string,
  leastSalt: number,
): { salt: Buffer; expected: Buffer } | Unusable {
  const salt = fromBase64(saltText);
  const expected = fromBase64(hashText);
  if (salt === undefined || expected === undefined) {
    return unusable('malformed', `${scheme} salt and hash must be base 64`);
  }
  if (salt.length < leastSalt || salt.length > MOST_SALT) {
    return unusable('malformed', `${scheme} salt must have ${leastSalt} to ${MOST_SALT} bytes`);
  }
  if (expected.length < LEAST_HASH || expected.length > MOST_HASH) {
    return unusable('malformed', `${scheme} hash must have ${LEAST_HASH} to ${MOST_HASH} bytes`);
  }
  return { salt, expected };
}
