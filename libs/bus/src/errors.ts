import { SallyportError } from '@sallyport/runtime';

/** The broker can't be reached, or didn't confirm in time. What was handed over may have been stored all the same. */
export class BusUnavailableError extends SallyportError {
  readonly code = 'SP_ERR_BUS_UNAVAILABLE';
}

/** Used after it was closed. */
export class BusClosedError extends SallyportError {
  readonly code = 'SP_ERR_BUS_CLOSED';
}

/** Another process has the files of the local bus open. Exit code 73. */
export class BusInUseError extends SallyportError {
  readonly code = 'SP_ERR_BUS_IN_USE';
}

/** A message is larger than the broker takes. Nothing was sent. */
export class PayloadTooLargeError extends SallyportError {
  readonly code = 'SP_ERR_BUS_PAYLOAD';
}

/** An option, pattern, name or id breaks a rule of the port. */
export class BusArgumentError extends SallyportError {
  readonly code = 'SP_ERR_BUS_ARGUMENT';
}

/** Nobody answers this rpc, or the broker is away. Said at once; nothing was executed. */
export class RpcUnavailableError extends SallyportError {
  readonly code = 'SP_ERR_RPC_UNAVAILABLE';
}

/** Responders are there but full. Said at once; nothing was executed. */
export class RpcBusyError extends SallyportError {
  readonly code = 'SP_ERR_RPC_BUSY';
}

/** No answer before the deadline. The request may have been executed: ask again with the same idempotency key. */
export class RpcTimeoutError extends SallyportError {
  readonly code = 'SP_ERR_RPC_TIMEOUT';
}

/** The responder says that it failed; `remoteCode` is its error's code, the message its message. */
export class RpcFailedError extends SallyportError {
  readonly code = 'SP_ERR_RPC_FAILED';
  readonly remoteCode: string;

  constructor(remoteCode: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.remoteCode = remoteCode;
  }
}

/** A request or an answer doesn't fit the rpc's contract. */
export class RpcContractError extends SallyportError {
  readonly code = 'SP_ERR_RPC_CONTRACT';
}
