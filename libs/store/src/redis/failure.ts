import { ReplyError } from 'ioredis';

/** What a failed command means for whoever sent it. */
export type Failure =
  /** It wasn't executed, and may be later. */
  | 'later'
  /** It wasn't executed, and waiting within one call won't help. */
  | 'refused'
  /** It may have been executed; its answer is lost. */
  | 'lost'
  /** It wasn't executed: access rules or credentials. */
  | 'denied'
  /** It wasn't executed: the server doesn't have the script. */
  | 'no-script'
  /** Executed up to an answer that is an error of its own: of our scripts, or of a key of a foreign type. */
  | 'answer';

const BY_CODE: Readonly<Record<string, Failure>> = {
  NOSCRIPT: 'no-script',
  NOPERM: 'denied',
  NOAUTH: 'denied',
  WRONGPASS: 'denied',
  LOADING: 'later',
  BUSY: 'later',
  CLUSTERDOWN: 'later',
  TRYAGAIN: 'later',
  READONLY: 'later',
  MASTERDOWN: 'later',
  MOVED: 'later',
  ASK: 'later',
  UNBLOCKED: 'lost',
  OOM: 'refused',
  MISCONF: 'refused',
  NOREPLICAS: 'refused',
  WRONGTYPE: 'answer',
  SPDAMAGED: 'answer',
  SPFORMAT: 'answer',
  SPCOUNTER: 'answer',
};

const DENIED_IN_SCRIPT = /^ERR (?:The user executing the script can't|ACL failure in script)/;

/** `sent`: whether the command had left for a server, or for the queue of a connection that was being made. */
export function classify(error: unknown, sent: boolean): Failure {
  // The package doesn't type the class.
  if (!(error instanceof Error && error instanceof (ReplyError as ErrorConstructor))) {
    return sent ? 'lost' : 'later';
  }
  // What a script may not call has no code of its own.
  if (DENIED_IN_SCRIPT.test(error.message)) return 'denied';
  return BY_CODE[codeOf(error.message)] ?? 'refused';
}

/** The first word of an error of Redis. */
export function codeOf(message: string): string {
  return message.split(' ', 1)[0] as string;
}
