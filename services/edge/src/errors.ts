import { SallyportError } from '@sallyport/runtime';

/** A TLS ticket key isn't 48 bytes, or two of them have the same name. */
export class TicketKeyError extends SallyportError {
  readonly code = 'SP_ERR_EDGE_TICKET_KEY';
}

/** A listener can't listen on its address; `cause` says why. A port that is taken is an InUseError instead. */
export class ListenError extends SallyportError {
  readonly code = 'SP_ERR_EDGE_LISTEN';
}
