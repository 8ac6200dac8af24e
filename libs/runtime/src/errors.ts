import type { Mistake } from './config/mistake.ts';

/**
 * The base of every error this product throws on purpose.
 *
 * One subclass per cause, in the `errors.ts` of the package that throws it. `code` is stable and documented
 * (`SP_ERR_…`); the message is for people: lower-case, names the offending value and the rule.
 */
export abstract class SallyportError extends Error {
  abstract readonly code: `SP_ERR_${string}`;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A deadline passed before the work was done. The work itself may still happen. */
export class DeadlineError extends SallyportError {
  readonly code = 'SP_ERR_DEADLINE';
}

/** A port or a data directory belongs to another process. Ends the process with exit code 73. */
export class InUseError extends SallyportError {
  readonly code = 'SP_ERR_IN_USE';
}

/** The process was told to stop while it was still starting; the reason of the signal given to `start`. */
export class StoppedError extends SallyportError {
  readonly code = 'SP_ERR_STOPPED';
}

/** The configuration can't be used; every mistake that was found, never a secret. Exit code 78. */
export class ConfigError extends SallyportError {
  readonly code = 'SP_ERR_CONFIG';
  readonly mistakes: readonly Mistake[];

  constructor(message: string, mistakes: readonly Mistake[], options?: ErrorOptions) {
    super(message, options);
    this.mistakes = mistakes;
  }
}
