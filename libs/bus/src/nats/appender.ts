import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import type { Message } from '../broker.ts';
import { BusClosedError, BusUnavailableError, PayloadTooLargeError } from '../errors.ts';
import { Deadlines } from '../rpc/deadlines.ts';
import type { Connection } from './connection.ts';
import type { BusPermissionError } from './errors.ts';
import { toNats } from './headers.ts';
import type { Inbox, Route } from './inbox.ts';

/** What JetStream says about a stored message. */
export interface Stored {
  readonly sequence: number;
  readonly duplicate: boolean;
}

interface Waiting {
  readonly subject: string;
  readonly resolve: (stored: Stored) => void;
  readonly reject: (error: unknown) => void;
  n: number;
  clear: () => void;
}

/** JetStream's answers come from the broker itself, which no access rule names as a responder. */
const BROKER = 'js';
/** Room that `Nats-Msg-Id` with the longest key takes in a message, with the frame of the headers. */
export const APPEND_OVERHEAD = 512;

/**
 * Stores messages in streams, any number on their way at a time; confirmations come back through the inbox. The
 * order on the connection is the order of the calls, and the stream keeps it.
 */
export class Appender implements Disposable {
  readonly #connection: Connection;
  readonly #inbox: Inbox;
  readonly #timeoutMs: number;
  readonly #routes = new Map<string, Route>();
  readonly #waiting = new Set<Waiting>();
  readonly #deadlines: Deadlines;
  readonly #watch: Disposable;

  constructor(connection: Connection, inbox: Inbox, timeoutMs: number) {
    this.#connection = connection;
    this.#inbox = inbox;
    this.#timeoutMs = timeoutMs;
    this.#deadlines = new Deadlines(connection.clock);
    this.#watch = connection.onConnection((connected) => {
      if (connected) return;
      // Confirmations on their way are lost with the connection.
      for (const waiting of this.#waiting) this.#fail(waiting, 'the connection broke');
    });
  }

  append(
    subject: string,
    message: Message,
    { dedupe, signal }: { dedupe: string; signal?: AbortSignal | undefined },
  ): Promise<Stored> {
    const { promise, resolve, reject } = Promise.withResolvers<Stored>();
    if (signal?.aborted) {
      reject(signal.reason);
      return promise;
    }
    if (this.#connection.state !== 'ready') {
      reject(
        this.#connection.state === 'closed'
          ? new BusClosedError('the bus is closed')
          : new BusUnavailableError(`'${subject}' wasn't stored: the broker is away`),
      );
      return promise;
    }
    let headers: MsgHdrs;
    try {
      headers = toNats({ ...message.headers, 'Nats-Msg-Id': dedupe }) as MsgHdrs;
    } catch (error) {
      reject(error);
      return promise;
    }
    const waiting: Waiting = { subject, resolve, reject, n: 0, clear: () => {} };
    let route = this.#routes.get(subject);
    if (route === undefined) {
      route = this.#inbox.route(BROKER, subject);
      this.#routes.set(subject, route);
    }
    const n = this.#inbox.expect(route, (answer, refused) =>
      this.#answered(waiting, answer, refused),
    );
    waiting.n = n;
    const reply = this.#inbox.reply(route, n);
    if (!this.#connection.publish(subject, message.body, { reply, headers })) {
      this.#inbox.forget(n);
      const size = message.body.length;
      reject(
        size + APPEND_OVERHEAD > this.#connection.maxPayload
          ? new PayloadTooLargeError(
              `message of ${size} bytes on '${subject}' must fit, with headers, in ${this.#connection.maxPayload}`,
            )
          : new BusUnavailableError(`'${subject}' couldn't be sent`),
      );
      return promise;
    }
    this.#waiting.add(waiting);
    waiting.clear = this.#deadlines.after(this.#timeoutMs, () =>
      this.#fail(waiting, `the broker must confirm within ${this.#timeoutMs} ms`),
    );
    if (signal === undefined) return promise;
    const abort = () => {
      if (this.#take(waiting)) reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    return promise.finally(() => signal.removeEventListener('abort', abort));
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    this.#deadlines[Symbol.dispose]();
    for (const waiting of this.#waiting) this.#fail(waiting, 'the bus was closed');
  }

  #answered(
    waiting: Waiting,
    answer: Msg | undefined,
    refused: BusPermissionError | undefined,
  ): void {
    if (!this.#take(waiting)) return;
    if (refused !== undefined) waiting.reject(refused);
    else if (answer === undefined) {
      waiting.reject(refusal(waiting.subject, 'no stream takes this subject now'));
    } else {
      const stored = readConfirmation(answer);
      if ('sequence' in stored) waiting.resolve(stored);
      else waiting.reject(refusal(waiting.subject, stored.fault));
    }
  }

  #fail(waiting: Waiting, why: string): void {
    if (this.#take(waiting)) {
      waiting.reject(
        new BusUnavailableError(`'${waiting.subject}' may have been stored or not: ${why}`),
      );
    }
  }

  /** Ends the wait; false when it had ended before. */
  #take(waiting: Waiting): boolean {
    if (!this.#waiting.delete(waiting)) return false;
    this.#inbox.forget(waiting.n);
    waiting.clear();
    return true;
  }
}

function refusal(subject: string, fault: string): BusUnavailableError {
  return new BusUnavailableError(`'${subject}' wasn't stored: ${fault}`);
}

/** JetStream API, PubAck: `{"stream", "seq", "duplicate"?}` or `{"error": {"description"}}`. */
function readConfirmation(message: Msg): Stored | { fault: string } {
  let ack: { seq?: unknown; duplicate?: unknown; error?: { description?: unknown } };
  try {
    ack = message.json();
  } catch {
    return { fault: 'the confirmation must be JSON' };
  }
  if (typeof ack?.seq === 'number' && ack.seq > 0) {
    return { sequence: ack.seq, duplicate: ack.duplicate === true };
  }
  return { fault: String(ack?.error?.description ?? 'the confirmation must have a position') };
}
