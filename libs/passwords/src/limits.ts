import { PasswordOptionsError } from './errors.ts';

/** The most that a stored hash may cost, and a password be long. What is above is refused before anything is computed. */
export interface Limits {
  /** Bytes of a password. Default 512, as libxcrypt has it. */
  readonly passwordBytes: number;
  /** Memory of one argon2 or scrypt computation, KiB. Default 262144 (256 MiB). Times `concurrency` for the process. */
  readonly memoryKiB: number;
  /** argon2's passes over the memory. Default 16. */
  readonly argon2Passes: number;
  /** argon2's lanes and scrypt's parallelization. Default 16. */
  readonly lanes: number;
  /** Default 14: about a second and a half. */
  readonly bcryptCost: number;
  /** SHA-crypt's rounds. Default 1,000,000. */
  readonly shaCryptRounds: number;
}

const LIMITS: Limits = {
  passwordBytes: 512,
  memoryKiB: 256 * 1024,
  argon2Passes: 16,
  lanes: 16,
  bcryptCost: 14,
  shaCryptRounds: 1_000_000,
};

/** Lowest and highest value that makes sense for each limit. */
const RANGES: Record<keyof Limits, readonly [number, number]> = {
  passwordBytes: [72, 4096],
  memoryKiB: [1024, 4 * 1024 * 1024],
  argon2Passes: [1, 1000],
  lanes: [1, 255],
  bcryptCost: [4, 31],
  shaCryptRounds: [1000, 999_999_999],
};

/** The defaults with `given` on top. `PasswordOptionsError` when a limit is out of its range. */
export function limitsOf(given: Partial<Limits> = {}): Limits {
  const limits = { ...LIMITS, ...given };
  for (const name of Object.keys(RANGES) as (keyof Limits)[]) {
    checkRange(`limits.${name}`, limits[name], ...RANGES[name]);
  }
  return limits;
}

/** `PasswordOptionsError` unless `value` is a whole number from `lowest` to `highest`. */
export function checkRange(name: string, value: number, lowest: number, highest: number): void {
  if (Number.isInteger(value) && value >= lowest && value <= highest) return;
  throw new PasswordOptionsError(
    `${name} is ${value}, must be a whole number from ${lowest} to ${highest}`,
  );
}
