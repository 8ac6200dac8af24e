import { randomBytes } from 'node:crypto';
import type { Msg } from '@nats-io/transport-node';
import type { Connection, Listening } from './connection.ts';
import type { BusPermissionError } from './errors.ts';

/** What came back for one request. */
export type Answer =
  | { readonly kind: 'reply'; readonly message: Msg }
  /** The broker's own word that nobody listens to the subject (status 503). */
  | { readonly kind: 'nobody' }
  | { readonly kind: 'refused'; readonly error: BusPermissionError };

interface Waiter {
  readonly subject: string;
  readonly settle: (answer: Answer) => void;
}

const NOBODY: Answer = { kind: 'nobody' };

/**
 * Request and reply over one subscription: the reply subject names the waiter. No timer, no promise, no stack trace
 * per request; the client's own `request` has all three and costs several times as much.
 *
 * Reply subjects are `_INBOX_<service>.<responder>.<random>.<n>`. The random part can't be guessed by those who
 * never were asked; the responder's name in it lets the broker's access rules keep one responder from answering for
 * another, whose name it would have to use.
 */
export class Inbox implements Disposable {
  readonly #head: string;
  readonly #session = randomBytes(12).toString('hex');
  readonly #waiters = new Map<string, Waiter>();
  readonly #refusals: Disposable;
  #listening: Listening | undefined;
  #n = 0;
  #late = 0;

  private constructor(connection: Connection, service: string) {
    this.#head = `_INBOX_${service}.`;
    this.#refusals = connection.onRefusal((error) => {
      for (const [token, waiter] of this.#waiters) {
        if (waiter.subject !== error.subject) continue;
        this.#waiters.delete(token);
        waiter.settle({ kind: 'refused', error });
      }
    });
  }

  static async open(connection: Connection, service: string): Promise<Inbox> {
    const inbox = new Inbox(connection, service);
    inbox.#listening = await connection.listen(`${inbox.#head}*.${inbox.#session}.*`, (message) =>
      inbox.#received(message),
    );
    return inbox;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** How many answers came that nobody waited for any more. */
  get late(): number {
    return this.#late;
  }

  /**
   * A reply subject; what comes there first goes to `settle`, once, unless {@link forget} was called before.
   * `subject` is where the request goes, `responder` who may answer.
   */
  expect(responder: string, subject: string, settle: (answer: Answer) => void): string {
    this.#n += 1;
    const token = `${this.#head}${responder}.${this.#session}.${this.#n.toString(36)}`;
    this.#waiters.set(token, { subject, settle });
    return token;
  }

  forget(token: string): void {
    this.#waiters.delete(token);
  }

  [Symbol.dispose](): void {
    this.#refusals[Symbol.dispose]();
    this.#listening?.close();
    this.#waiters.clear();
  }

  #received(message: Msg): void {
    const waiter = this.#waiters.get(message.subject);
    if (waiter === undefined) {
      this.#late += 1;
      return;
    }
    this.#waiters.delete(message.subject);
    waiter.settle(isNobody(message) ? NOBODY : { kind: 'reply', message });
  }
}

/** NATS protocol: a request to a subject without subscribers gets an empty message with status 503. */
export function isNobody(message: Msg): boolean {
  return message.data.length === 0 && message.headers?.code === 503;
}
