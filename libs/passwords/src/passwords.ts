import { timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { meter } from '@sallyport/runtime';
import { createEngine } from './engine.ts';
import { PasswordsClosedError } from './errors.ts';
import { FULL, Gate } from './gate.ts';
import { checkRange, type Limits, limitsOf } from './limits.ts';
import { type Costs, costsOf, formatHash, type MakeScheme, newWork } from './make.ts';
import { type Parsed, parseHash } from './parse.ts';
import { faultOf, passwordBytes } from './password-bytes.ts';
import type { Busy, Refused, Unusable, Verdict } from './verdict.ts';
import type { Engine, Work } from './work.ts';

/** A new hash, or why there is none. */
export type Made = { readonly outcome: 'made'; readonly hash: string } | Refused | Busy;

/**
 * Verifies and makes password hashes without stalling the event loop.
 *
 * Text is hashed as its UTF-8, bytes as they are; nothing is normalised. Every method rejects with `PasswordsClosedError`
 * after disposal, with `PasswordWorkerError` when the computation failed, and with the signal's reason when that aborts.
 * What is being computed then goes on and keeps its place: it can't be stopped, but the limits bound it.
 *
 * Disposal refuses who waits, lets end what runs, and ends the threads.
 */
export interface Passwords extends AsyncDisposable {
  /** Whether `password` is the one that `hash` was made from. Compares in constant time. */
  verify(hash: string, password: Uint8Array | string, signal?: AbortSignal): Promise<Verdict>;
  /**
   * For a user that doesn't exist: does the work of verifying a hash made by `make(nobody)`, and says `mismatch`. So the
   * time doesn't tell who exists, as far as stored hashes have that scheme and these costs.
   */
  verifyNobody(password: Uint8Array | string, signal?: AbortSignal): Promise<Verdict>;
  /** A new hash with a salt of its own. */
  make(scheme: MakeScheme, password: Uint8Array | string, signal?: AbortSignal): Promise<Made>;
  /** Why `hash` could verify no password, or undefined: for whoever takes hashes in. Computes nothing. */
  check(hash: string): Unusable | undefined;
  /** How much is going on now. */
  readonly load: { readonly running: number; readonly waiting: number };
}

export interface PasswordOptions {
  /** Computations at once, 1 to 64. Default: the machine's processors, at most 4: libuv's pool has four threads for all. */
  readonly concurrency?: number;
  /** Questions that may wait for their turn, 0 to 100,000. Default 256. */
  readonly queue?: number;
  /** Whether `{PLAIN}` hashes are taken. Default false. */
  readonly plain?: boolean;
  readonly limits?: Partial<Limits>;
  readonly costs?: Partial<Costs>;
  /** The scheme that most stored hashes have: what an unknown user costs. Default argon2id. */
  readonly nobody?: MakeScheme;
}

const counted = meter('@sallyport/passwords').counter('sallyport.passwords.questions', {
  description: 'Passwords verified and hashes made, by outcome',
  unit: '{question}',
});

/** `PasswordOptionsError` when an option is out of its range. `engine` belongs to the result, which disposes it. */
export function createPasswords(
  options: PasswordOptions = {},
  engine: Engine = createEngine(),
): Passwords {
  const { concurrency = Math.min(4, availableParallelism()), queue = 256 } = options;
  const { plain = false, nobody = 'argon2id' } = options;
  checkRange('concurrency', concurrency, 1, 64);
  checkRange('queue', queue, 0, 100_000);
  const limits = limitsOf(options.limits);
  const costs = costsOf(options.costs ?? {}, limits);
  const nobodysWork = newWork(nobody, costs);
  const gate = new Gate(concurrency, queue);

  async function derive(work: Work, password: Buffer, signal: AbortSignal | undefined) {
    return await gate.run(async () => {
      try {
        return await engine.derive(work, password);
      } finally {
        password.fill(0);
      }
    }, signal);
  }

  /** The password as bytes of our own, unless no hash could have been made from it: the same for whichever user. */
  function admit(password: Uint8Array | string): Buffer | Refused {
    const tooLong: Refused = { outcome: 'refused', reason: 'password-too-long' };
    if (password.length > limits.passwordBytes) return tooLong;
    const bytes = passwordBytes(password);
    if (bytes === undefined) return { outcome: 'refused', reason: 'password-not-utf8' };
    return bytes.length > limits.passwordBytes ? tooLong : bytes;
  }

  async function compare(
    { work, expected }: Parsed,
    bytes: Buffer,
    signal: AbortSignal | undefined,
  ): Promise<Verdict> {
    // The work is done even when its result can't count, or the time would tell the scheme that a user has.
    const fault = faultOf(work, bytes);
    const hash = await derive(work, bytes, signal);
    if (hash === FULL) return { outcome: 'busy' };
    if (fault !== undefined) return { outcome: 'refused', reason: fault };
    const same = hash.length === expected.length && timingSafeEqual(hash, expected);
    return { outcome: same ? 'match' : 'mismatch' };
  }

  async function verify(
    hash: string,
    password: Uint8Array | string,
    signal?: AbortSignal,
  ): Promise<Verdict> {
    const bytes = admit(password);
    if ('outcome' in bytes) return bytes;
    const parsed = parseHash(hash, limits, plain);
    return 'outcome' in parsed ? parsed : await compare(parsed, bytes, signal);
  }

  async function verifyNobody(
    password: Uint8Array | string,
    signal?: AbortSignal,
  ): Promise<Verdict> {
    const bytes = admit(password);
    if ('outcome' in bytes) return bytes;
    // No result has no bytes: whatever comes out is a mismatch.
    return await compare({ work: nobodysWork, expected: new Uint8Array() }, bytes, signal);
  }

  async function make(
    scheme: MakeScheme,
    password: Uint8Array | string,
    signal?: AbortSignal,
  ): Promise<Made> {
    const bytes = admit(password);
    if ('outcome' in bytes) return bytes;
    const work = newWork(scheme, costs);
    const fault = faultOf(work, bytes);
    if (fault !== undefined) return { outcome: 'refused', reason: fault };
    const hash = await derive(work, bytes, signal);
    return hash === FULL ? { outcome: 'busy' } : { outcome: 'made', hash: formatHash(work, hash) };
  }

  const count = async <T extends { readonly outcome: string }>(op: string, answer: Promise<T>) => {
    const said = await answer;
    counted.add(1, { op, outcome: said.outcome });
    return said;
  };

  return {
    verify: (hash, password, signal) => count('verify', verify(hash, password, signal)),
    verifyNobody: (password, signal) => count('verify-nobody', verifyNobody(password, signal)),
    check(hash) {
      const parsed = parseHash(hash, limits, plain);
      return 'outcome' in parsed ? parsed : undefined;
    },
    make: (scheme, password, signal) => count('make', make(scheme, password, signal)),
    get load() {
      return { running: gate.running, waiting: gate.waiting };
    },
    async [Symbol.asyncDispose]() {
      await gate.close(new PasswordsClosedError('passwords were disposed of'));
      await engine[Symbol.asyncDispose]();
    },
  };
}
