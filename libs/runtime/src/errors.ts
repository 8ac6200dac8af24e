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
