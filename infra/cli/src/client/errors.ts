import { SallyportError } from '@sallyport/runtime';

/** Nothing answers where the operator API should be, or it isn't known where that is. Exit code 69. */
export class NoAnswerError extends SallyportError {
  readonly code = 'SP_ERR_CLI_NO_ANSWER';
}

/** The operator API answers, but not with what was asked for. */
export class RefusedError extends SallyportError {
  readonly code = 'SP_ERR_CLI_REFUSED';
  /** Of the HTTP response. */
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** `operator.json` is there but can't be used. Exit code 78. */
export class OperatorFileError extends SallyportError {
  readonly code = 'SP_ERR_CLI_OPERATOR_FILE';
}
