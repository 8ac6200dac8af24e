import { SallyportError } from '@sallyport/runtime';

/** The demonstration can't be set up. */
export class DemoError extends SallyportError {
  readonly code = 'SP_ERR_CLI_DEMO';
}
