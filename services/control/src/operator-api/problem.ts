import { problem } from '@sallyport/admin';
import {
  BusClosedError,
  BusUnavailableError,
  RpcBusyError,
  RpcContractError,
  RpcFailedError,
  RpcTimeoutError,
  RpcUnavailableError,
} from '@sallyport/bus';
import { ContractError } from '@sallyport/contracts';
import { SallyportError } from '@sallyport/runtime';
import { ControlStoppedError, OperatorRequestError } from '../errors.ts';

/** An answer that isn't what was asked for. */
export class Problem {
  readonly status: 400 | 404 | 502 | 503 | 504;
  readonly detail: string;
  /** Stable, where there is one. */
  readonly code: string | undefined;

  constructor(status: Problem['status'], detail: string, code?: string) {
    this.status = status;
    this.detail = detail;
    this.code = code;
  }
}

type Reply = Parameters<typeof problem>[0];

/** Answers with it as a problem document; what is away now is to be asked again in a second. */
export function answerProblem(reply: Reply, { status, detail, code }: Problem): Reply {
  if (status === 503) reply.header('retry-after', '1');
  return problem(reply, status, detail, code === undefined ? {} : { code });
}

/** Said by workers that can't reach the store or the broker just now. */
const UNAVAILABLE = /_UNAVAILABLE$|_CLOSED$|_STOPPED$/;

/** What `error` is to whoever asked; undefined: something that only the log should know. */
export function problemOf(error: Error): Problem | undefined {
  const code = error instanceof SallyportError ? error.code : undefined;
  if (error instanceof RpcUnavailableError) {
    return new Problem(503, `nobody answers: ${error.message}`, code);
  }
  if (error instanceof RpcBusyError) {
    return new Problem(503, `whoever answers has no room: ${error.message}`, code);
  }
  if (error instanceof RpcTimeoutError) {
    return new Problem(504, `no answer in time, it may have been done: ${error.message}`, code);
  }
  if (error instanceof RpcFailedError) {
    const status = UNAVAILABLE.test(error.remoteCode) ? 503 : 502;
    return new Problem(status, `whoever answers failed: ${error.message}`, error.remoteCode);
  }
  if (error instanceof RpcContractError) {
    return new Problem(502, `the answer doesn't fit its contract: ${error.message}`, code);
  }
  if (error instanceof BusUnavailableError || error instanceof BusClosedError) {
    return new Problem(503, `the bus is unavailable: ${error.message}`, code);
  }
  if (error instanceof ControlStoppedError) return new Problem(503, error.message, code);
  if (error instanceof OperatorRequestError || error instanceof ContractError) {
    return new Problem(400, error.message, code);
  }
  return undefined;
}
