import { randomBytes } from 'node:crypto';
import { formatSalted } from './braces.ts';
import { formatBcrypt, formatShaCrypt } from './crypt.ts';
import { PasswordOptionsError } from './errors.ts';
import { checkRange, type Limits } from './limits.ts';
import { formatArgon2, formatScrypt } from './phc.ts';
import type { Work } from './work.ts';

/** The schemes that new hashes may have. The salted digests are for systems that read nothing better. */
export type MakeScheme =
  | 'argon2id'
  | 'scrypt'
  | 'bcrypt'
  | 'sha512-crypt'
  | 'sha256-crypt'
  | 'ssha512'
  | 'ssha256';

/** What new hashes cost. The defaults are the least that OWASP's password storage page names, or more. */
export interface Costs {
  /** Default 19456 KiB, 2 passes, 1 lane. */
  readonly argon2: {
    readonly memoryKiB: number;
    readonly passes: number;
    readonly lanes: number;
  };
  /** Default ln=15, r=8, p=3: 32 MiB. */
  readonly scrypt: {
    readonly logN: number;
    readonly blockSize: number;
    readonly parallelization: number;
  };
  /** Default 10. */
  readonly bcryptCost: number;
  /** Default 100,000. */
  readonly shaCryptRounds: number;
}

const COSTS: Costs = {
  argon2: { memoryKiB: 19_456, passes: 2, lanes: 1 },
  scrypt: { logN: 15, blockSize: 8, parallelization: 3 },
  bcryptCost: 10,
  shaCryptRounds: 100_000,
};

/** The defaults with `given` on top. `PasswordOptionsError` when a cost is above what `limits` let us verify. */
export function costsOf(given: Partial<Costs>, limits: Limits): Costs {
  const costs = { ...COSTS, ...given };
  const { argon2, scrypt } = costs;
  checkRange('costs.argon2.lanes', argon2.lanes, 1, limits.lanes);
  checkRange('costs.argon2.memoryKiB', argon2.memoryKiB, 8 * argon2.lanes, limits.memoryKiB);
  checkRange('costs.argon2.passes', argon2.passes, 1, limits.argon2Passes);
  checkRange('costs.scrypt.logN', scrypt.logN, 1, 63);
  checkRange('costs.scrypt.blockSize', scrypt.blockSize, 1, 1024);
  checkRange('costs.scrypt.parallelization', scrypt.parallelization, 1, limits.lanes);
  checkRange('costs.bcryptCost', costs.bcryptCost, 4, limits.bcryptCost);
  checkRange('costs.shaCryptRounds', costs.shaCryptRounds, 1000, limits.shaCryptRounds);
  const memoryKiB = (2 ** scrypt.logN * scrypt.blockSize) / 8;
  if (memoryKiB > limits.memoryKiB) {
    throw new PasswordOptionsError(
      `costs.scrypt takes ${memoryKiB} KiB, the most allowed is ${limits.memoryKiB}`,
    );
  }
  return costs;
}

/** The work of a new hash: the costs, and a salt of its own. */
export function newWork(scheme: MakeScheme, costs: Costs): Work {
  switch (scheme) {
    case 'argon2id':
      return {
        ...{ kind: 'argon2', variant: 'argon2id', salt: randomBytes(16), length: 32 },
        ...costs.argon2,
      };
    case 'scrypt':
      return { kind: 'scrypt', salt: randomBytes(16), length: 32, ...costs.scrypt };
    case 'bcrypt':
      return { kind: 'bcrypt', cost: costs.bcryptCost, salt: bcryptSalt() };
    case 'sha512-crypt':
      return shaCryptWork('sha512', costs);
    case 'sha256-crypt':
      return shaCryptWork('sha256', costs);
    case 'ssha512':
      return { kind: 'digest', algorithm: 'sha512', salt: randomBytes(16) };
    case 'ssha256':
      return { kind: 'digest', algorithm: 'sha256', salt: randomBytes(16) };
  }
}

/** The text of a hash. */
export function formatHash(work: Work, hash: Uint8Array): string {
  switch (work.kind) {
    case 'argon2':
      return formatArgon2(work, hash);
    case 'scrypt':
      return formatScrypt(work, hash);
    case 'bcrypt':
      return formatBcrypt(work, hash);
    case 'sha-crypt':
      return formatShaCrypt(work, hash);
    case 'digest':
      return formatSalted(work, hash);
  }
}

function shaCryptWork(algorithm: 'sha256' | 'sha512', costs: Costs): Work {
  const salt = cryptCharacters(16);
  return { kind: 'sha-crypt', algorithm, rounds: costs.shaCryptRounds, salt };
}

/** 21 free characters and a last one of which only two bits count: the others are zero, as everybody writes it. */
function bcryptSalt(): string {
  return cryptCharacters(21) + '.Oeu'[(randomBytes(1)[0] as number) & 3];
}

function cryptCharacters(count: number): string {
  const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  return Array.from(randomBytes(count), (byte) => alphabet[byte & 63]).join('');
}
