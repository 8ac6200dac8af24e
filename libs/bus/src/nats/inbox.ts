import { randomBytes } from 'node:crypto';
import type { Msg } from '@nats-io/transport-node';
import type { Connection, Listening } from './connection.ts';
import type { BusPermissionError } from './errors.ts';

/**
 * Gets what came back for one request: a message, or nothing when the broker itself says that nobody listens to the
 * subject (status 503), or nothing and why it refused to pass the request on.
 */
export type OnAnswer = (message: Msg | undefined, refused?: BusPermissionError) => void;

interface Waiter {
  readonly route: Route;
  readonly settle: OnAnswer;
}

/** Where answers to one subject come from; made once for each subject. */
export interface Route {
  /** Of the request, with prefix. */
  readonly subject: string;
  /** What the reply's subject begins with. */
  readonly from: string;
}

/** Numbers begin again here, so that they stay small integers to the engine; the oldest waiter is long gone by then. */
const LAST = 2 ** 30;

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
  readonly #waiters = new Map<number, Waiter>();
  readonly #refusals: Disposable;
  #listening: Listening | undefined;
  #n = 0;
  #late = 0;

  private constructor(connection: Connection, service: string) {
    this.#head = `_INBOX_${service}.`;
    this.#refusals = connection.onRefusal((error) => {
      for (const [n, waiter] of this.#waiters) {
        if (waiter.route.subject !== error.subject) continue;
        this.#waiters.delete(n);
        waiter.settle(undefined, error);
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

  /** `subject` is where requests go, with prefix; `responder` who may answer. */
  route(responder: string, subject: string): Route {
    return { subject, from: `${this.#head}${responder}.${this.#session}.` };
  }

  /** The number of a new waiter: what comes first to {@link reply} of it goes to `settle`, once, unless forgotten. */
  expect(route: Route, settle: OnAnswer): number {
    this.#n = this.#n < LAST ? this.#n + 1 : 1;
    this.#waiters.set(this.#n, { route, settle });
    return this.#n;
  }

  /** The subject to which the answer must go. */
  reply(route: Route, n: number): string {
    return route.from + n.toString(36);
  }

  forget(n: number): void {
    this.#waiters.delete(n);
  }

  [Symbol.dispose](): void {
    this.#refusals[Symbol.dispose]();
    this.#listening?.close();
    this.#waiters.clear();
  }

  #received(message: Msg): void {
    const { subject } = message;
    const n = Number.parseInt(subject.slice(subject.lastIndexOf('.') + 1), 36);
    const waiter = this.#waiters.get(n);
    if (waiter === undefined || !subject.startsWith(waiter.route.from)) {
      this.#late += 1;
      return;
    }
    this.#waiters.delete(n);
    waiter.settle(isNobody(message) ? undefined : message);
  }
}

/** NATS protocol: a request to a subject without subscribers gets an empty message with status 503. */
function isNobody(message: Msg): boolean {
  return message.data.length === 0 && message.headers?.code === 503;
}
