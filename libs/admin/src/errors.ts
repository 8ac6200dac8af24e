import { SallyportError } from '@sallyport/runtime';

/** The private listener can't listen on its address; `cause` says why. A port that is taken is an InUseError instead. */
export class ListenError extends SallyportError {
  readonly code = 'SP_ERR_ADMIN_LISTEN';
}
