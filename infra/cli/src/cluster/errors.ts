import { SallyportError } from '@sallyport/runtime';

/** A broker isn't installed. Exit code 69. */
export class MissingProgramError extends SallyportError {
  readonly code = 'SP_ERR_CLI_MISSING_PROGRAM';
}

/** A program of the cluster didn't start. */
export class ProgramError extends SallyportError {
  readonly code = 'SP_ERR_CLI_PROGRAM';
  /** Its exit code, if it ended by itself. */
  readonly exit: number | null;

  constructor(
    message: string,
    { exit = null, ...rest }: ErrorOptions & { exit?: number | null } = {},
  ) {
    super(message, rest);
    this.exit = exit;
  }
}
