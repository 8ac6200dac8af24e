import { SallyportError } from '@sallyport/runtime';

/** The broker's access rules refuse this user the subject. `infra/nats` says which service may do what. */
export class BusPermissionError extends SallyportError {
  readonly code = 'SP_ERR_BUS_PERMISSION';
  readonly operation: 'publish' | 'subscribe';
  /** As the broker names it, with prefix. */
  readonly subject: string;

  constructor(operation: 'publish' | 'subscribe', subject: string, options?: ErrorOptions) {
    super(`this user must have leave to ${operation} '${subject}'`, options);
    this.operation = operation;
    this.subject = subject;
  }
}

/** The broker doesn't know this user, or refuses the password, key or certificate. */
export class BusCredentialsError extends SallyportError {
  readonly code = 'SP_ERR_BUS_CREDENTIALS';
}

/** The broker ended the connection or refused a command, such as a slow consumer; the message has its words. */
export class BusProtocolError extends SallyportError {
  readonly code = 'SP_ERR_BUS_PROTOCOL';
}

/** Streams or consumers at the broker aren't what this release needs; `sallyport streams apply` makes them so. */
export class StreamMismatchError extends SallyportError {
  readonly code = 'SP_ERR_BUS_STREAMS';
}

/** A listener threw although it must not; the message it was given is lost to it. */
export class BusListenerError extends SallyportError {
  readonly code = 'SP_ERR_BUS_LISTENER';
}
