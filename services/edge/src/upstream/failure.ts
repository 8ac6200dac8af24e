import type { Answer } from '../exchange/exchange.ts';
import { message } from '../plugins/message.ts';

/** Why an upstream gave no response. The words are those of the metric. */
export type FailureReason =
  | 'not-supported'
  | 'name-resolution'
  | 'connect'
  | 'connect-timeout'
  | 'tls'
  | 'reset'
  | 'write-timeout'
  | 'read-timeout'
  | 'bad-response'
  | 'body-too-large'
  | 'client-gone'
  | 'loop';

export interface UpstreamFailure {
  readonly reason: FailureReason;
  /** Nothing of the request can have reached anybody: it may be tried again whatever it is. */
  readonly unsent: boolean;
  readonly error?: unknown;
}

const INVALID = 'An invalid response was received from the upstream server';
const LATE = 'The upstream server is timing out';

/** Kong's statuses and words. What was really wrong is in the log: it isn't the client's business. */
const ANSWERS: Record<FailureReason, readonly [status: number, text: string]> = {
  'not-supported': [503, 'The upstream server is configured in a way that can not be served'],
  'name-resolution': [503, 'name resolution failed'],
  connect: [502, INVALID],
  'connect-timeout': [504, LATE],
  tls: [502, INVALID],
  reset: [502, INVALID],
  'write-timeout': [504, LATE],
  'read-timeout': [504, LATE],
  'bad-response': [502, INVALID],
  'body-too-large': [413, 'Request size limit exceeded'],
  'client-gone': [499, 'Client closed request'],
  loop: [508, 'Loop detected'],
};

export function failureAnswer({ reason }: UpstreamFailure): Answer {
  return message(...ANSWERS[reason]);
}

/** What an error on the way to an upstream means; `connected`: there was a connection to send on. */
export function failureOf(error: NodeJS.ErrnoException, connected: boolean): UpstreamFailure {
  const code = error.code ?? '';
  if (connected)
    return { reason: code.startsWith('HPE_') ? 'bad-response' : 'reset', unsent: false, error };
  if (error.syscall === 'getaddrinfo') return { reason: 'name-resolution', unsent: true, error };
  const network = error.syscall !== undefined || code === 'ECONNRESET';
  return { reason: network ? 'connect' : 'tls', unsent: true, error };
}
