/**
 * What has to be computed from a password, with everything that its cost depends on. Verifying is computing this and
 * comparing; making is the same with a new salt.
 */
export type Work = DigestWork | Argon2Work | ScryptWork | BcryptWork | ShaCryptWork;

/** One digest over password and salt, in this order. Microseconds. */
export interface DigestWork {
  readonly kind: 'digest';
  readonly algorithm: 'sha1' | 'sha256' | 'sha512';
  readonly salt: Uint8Array;
}

/** RFC 9106, version 0x13. */
export interface Argon2Work {
  readonly kind: 'argon2';
  readonly variant: 'argon2id' | 'argon2i';
  readonly salt: Uint8Array;
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
  /** Bytes of the result. */
  readonly length: number;
}

/** RFC 7914. */
export interface ScryptWork {
  readonly kind: 'scrypt';
  readonly salt: Uint8Array;
  /** Logarithm to base 2 of N. */
  readonly logN: number;
  readonly blockSize: number;
  readonly parallelization: number;
  /** Bytes of the result. */
  readonly length: number;
}

/** bcrypt as `$2b$` has it. The result is the ASCII text after the salt, 31 characters. */
export interface BcryptWork {
  readonly kind: 'bcrypt';
  readonly cost: number;
  /** 22 characters of bcrypt's own base 64. */
  readonly salt: string;
}

/** Drepper's SHA-crypt. The result is the ASCII text after the salt, 43 or 86 characters. */
export interface ShaCryptWork {
  readonly kind: 'sha-crypt';
  readonly algorithm: 'sha256' | 'sha512';
  readonly rounds: number;
  /** At most 16 characters. */
  readonly salt: string;
}

/** Computes. Never on the thread that asks, except for single digests. */
export interface Engine extends AsyncDisposable {
  /** Rejects with `PasswordWorkerError` when what computed it failed. `password` must not be changed until it settles. */
  derive(work: Work, password: Uint8Array): Promise<Uint8Array>;
}
