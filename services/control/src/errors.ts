import { SallyportError } from '@sallyport/runtime';

/** Control was stopped while a request was at work: what it wrote may be there or not. */
export class ControlStoppedError extends SallyportError {
  readonly code = 'SP_ERR_CONTROL_STOPPED';
}
