import { randomBytes } from 'node:crypto';
import type { Msg } from '@nats-io/transport-node';
import { nanos } from '@nats-io/transport-node';
import type { Connection, Listening } from './connection.ts';

/** How long a pull waits at the broker for messages. */
const EXPIRES_MS = 30_000;
/** The broker shows at this pace that a waiting pull is known to it. */
const HEARTBEAT_MS = 5_000;
const json = new TextEncoder();

interface PullerOptions {
  readonly service: string;
  readonly maxInFlight: number;
  /** A message. It stays in flight until {@link Puller.release}. */
  readonly onMessage: (message: Msg) => void;
  /** More came than was asked for, which happens after a pull was given up: send it back. */
  readonly onSurplus: (message: Msg) => void;
  /** The consumer isn't there, or the broker can't say. Ends the pulling until {@link Puller.begin}. */
  readonly onGone: () => void;
}

/**
 * Asks one consumer for as many messages as there is room for, and asks again in time. Several pulls may wait at the
 * broker at once; only the sum of what they still may bring is known here, and that is enough.
 */
export class Puller {
  readonly #connection: Connection;
  readonly #options: PullerOptions;
  readonly #inbox: string;
  readonly #watch: Disposable;
  #listening: Listening | undefined;
  /** Subject of the consumer's pulls; undefined while there is none to ask. */
  #from: string | undefined;
  #inFlight = 0;
  #asked = 0;
  #pulls = 0;
  #heard = 0;
  #scheduled = false;

  private constructor(connection: Connection, options: PullerOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#inbox = `_INBOX_${options.service}.pull.${randomBytes(12).toString('hex')}.`;
    this.#watch = connection.clock.every(HEARTBEAT_MS, () => this.#checkLife());
  }

  static async open(connection: Connection, options: PullerOptions): Promise<Puller> {
    const puller = new Puller(connection, options);
    try {
      puller.#listening = await connection.listen(`${puller.#inbox}*`, (m) => puller.#received(m));
    } catch (error) {
      puller.#watch[Symbol.dispose]();
      throw error;
    }
    return puller;
  }

  /** Pulls from the consumer `name` of `stream`, forgetting whatever was asked for before. */
  begin(stream: string, name: string): void {
    this.#from = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`;
    this.#asked = 0;
    this.#heard = this.#connection.clock.monotonic();
    this.#pull();
  }

  /** Asks for nothing until {@link begin}. */
  pause(): void {
    this.#from = undefined;
  }

  /** One message isn't in flight any more. */
  release(): void {
    this.#inFlight -= 1;
    if (this.#scheduled) return;
    this.#scheduled = true;
    // What is settled together is asked for together.
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#pull();
    });
  }

  /** Resolves when no further message comes. */
  async stop(): Promise<void> {
    this.#from = undefined;
    this.#watch[Symbol.dispose]();
    await this.#listening?.drain();
  }

  #pull(): void {
    if (this.#from === undefined) return;
    const room = this.#options.maxInFlight - this.#inFlight - this.#asked;
    // A few large pulls instead of many small ones, as long as some wait at the broker.
    if (room < 1 || (this.#asked > 0 && room * 4 < this.#options.maxInFlight)) return;
    this.#pulls += 1;
    const pull = {
      batch: room,
      expires: nanos(EXPIRES_MS),
      idle_heartbeat: nanos(HEARTBEAT_MS),
    };
    const reply = this.#inbox + this.#pulls.toString(36);
    // Unsent, it is begun anew by whoever watches the connection.
    if (this.#connection.publish(this.#from, json.encode(JSON.stringify(pull)), { reply })) {
      this.#asked += room;
    }
  }

  #received(message: Msg): void {
    this.#heard = this.#connection.clock.monotonic();
    if (message.subject.startsWith(this.#inbox)) {
      this.#status(message);
      return;
    }
    if (this.#asked > 0) this.#asked -= 1;
    if (this.#inFlight >= this.#options.maxInFlight) {
      this.#options.onSurplus(message);
      return;
    }
    this.#inFlight += 1;
    this.#options.onMessage(message);
  }

  /** Statuses of ADR-13 (pull requests): the broker's words about a pull, under the pull's own reply subject. */
  #status({ headers }: Msg): void {
    if (this.#from === undefined || headers === undefined) return;
    const { code, description } = headers;
    if (code === 100) return;
    const left = Number.parseInt(headers.get('Nats-Pending-Messages'), 10);
    if (
      (code === 408 || code === 404 || code === 409) &&
      left >= 0 &&
      !/deleted/i.test(description)
    ) {
      this.#asked = Math.max(0, this.#asked - left);
      this.#pull();
      return;
    }
    this.#gone();
  }

  #checkLife(): void {
    if (this.#from === undefined || this.#asked === 0) return;
    const silent = this.#connection.clock.monotonic() - this.#heard;
    if (silent > 2.5 * HEARTBEAT_MS) this.#gone();
  }

  #gone(): void {
    this.#from = undefined;
    this.#options.onGone();
  }
}
