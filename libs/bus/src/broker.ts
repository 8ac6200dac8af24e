import type { SallyportError } from '@sallyport/runtime';

/**
 * What an adapter gives: bytes with headers on subjects. `createBus` makes the `Bus` of ports.ts out of it, so
 * batching, contracts, traces, retries, dead letters, deadlines and limits exist once for all adapters.
 *
 * Subjects here have no prefix and begin with their kind. Durable kinds and their streams:
 * `evt.>` EVENTS (kept within limits, read by many) · `job.>` JOBS (each message is removed when one consumer has
 * acknowledged it) · `dead.>` DEAD (kept within limits). `rpc.>` and `feed.>` are stored nowhere.
 * An adapter may be given any subject of the form `<kind>.<token>.….v<n>`.
 *
 * After a broken connection an adapter reconnects by itself, for as long as it is open, and everything that listens,
 * responds or consumes goes on.
 */
export interface Broker extends AsyncDisposable {
  /** Bytes a message may have: body plus headers as the broker counts them. May change with the connection. */
  readonly maxPayload: number;
  /** Whether the broker is reached right now. */
  readonly connected: boolean;
  /** Called whenever {@link connected} changes. */
  onConnection(listener: (connected: boolean) => void): Disposable;

  /** Core publish: to whoever listens now. Never waits, never throws; lost while disconnected. */
  send(subject: string, message: Message): void;
  /**
   * Core subscription to one subject. Resolves when the broker knows of it. Messages of one sender arrive in the
   * order they were sent. Disposal: no call after it resolves.
   */
  listen(subject: string, onMessage: (message: Message) => void): Promise<AsyncDisposable>;

  /**
   * Core request. Calls `settle` at most once: with the answer, or with `undefined` when nobody responds to this
   * subject or the broker is away now (at once, never silently); not at all when no answer comes. Deadlines are the
   * caller's: the function returned forgets the request, after which `settle` isn't called. `settle` may be called
   * before this returns. With `refused`, the broker's access rules are why nobody was asked.
   */
  request(
    subject: string,
    message: Message,
    settle: (reply: Message | undefined, refused?: SallyportError) => void,
  ): () => void;
  /**
   * Responds in the one queue group of `subject`: each request reaches one responder. Resolves when the broker knows
   * of it. `reply` may be called once, at any time, also after disposal of what this returns; an answer while
   * disconnected is lost. Disposal takes nothing new and resolves when no further call of `onRequest` comes; requests
   * that the broker had handed over before are still given to `onRequest` first.
   */
  respond(
    subject: string,
    onRequest: (request: Message, reply: (message: Message) => void) => void,
  ): Promise<AsyncDisposable>;

  /**
   * Stores a message in the stream of its subject and resolves once it is durable there. Appends begun in order on
   * one broker are stored in that order unless one fails. `dedupe`: within the stream's duplicate window (2 minutes or
   * more) a message with the same key isn't stored again and `duplicate` says so.
   *
   * Rejects with `BusUnavailableError` at once while disconnected, and when no confirmation came within the
   * adapter's own time-out (5 s unless configured): then it may be stored or not. With the signal's reason when that
   * aborts: the same. It doesn't retry.
   */
  append(
    subject: string,
    message: Message,
    options: { readonly dedupe: string; readonly signal?: AbortSignal | undefined },
  ): Promise<{ readonly sequence: number; readonly duplicate: boolean }>;

  /**
   * Delivers stored messages to `onDelivery`, never more than `maxInFlight` unsettled ones at a time, in the order of
   * the stream, redeliveries in between. Resolves when the consumer exists: with start `new` everything appended
   * after that is delivered.
   */
  consume(options: ConsumeOptions, onDelivery: (delivery: Delivery) => void): Promise<Consumption>;

  /**
   * Stored dead letters after position `after`, oldest first, at most `limit`. `subject` exact (with `dead.`), or all.
   * An ordinary read, not for a hot path.
   */
  browse(
    query: {
      readonly after: number;
      readonly limit: number;
      readonly subject?: string | undefined;
    },
    signal?: AbortSignal,
  ): Promise<StoredMessage[]>;
  /** Removes one dead letter; false when there is none at `sequence`. */
  remove(sequence: number, signal?: AbortSignal): Promise<boolean>;
}

/** Header names are lower-case ASCII, values text without line breaks. Header `traceparent` is among them. */
export interface Message {
  readonly headers: Readonly<Record<string, string>>;
  /** Not changed by anyone after it was handed over. */
  readonly body: Uint8Array;
}

export interface StoredMessage extends Message {
  /** Position in its stream, from 1, growing. */
  readonly sequence: number;
  readonly subject: string;
  /** When the broker stored it, milliseconds since the epoch. */
  readonly time: number;
}

export interface ConsumeOptions {
  readonly stream: 'events' | 'jobs';
  /** A subject, or one that ends in `.>` (everything below it). One consumer has one filter. */
  readonly filter: string;
  /**
   * Name of the durable consumer; all who give the same name share its messages. For stream `jobs` always given, and
   * one filter has one name. Without it the consumer is this call's own, ends with it, needs no acknowledgement to
   * survive anything, and goes on after the last settled message when the connection broke.
   */
  readonly durable: string | undefined;
  /** Only used when the consumer is made; a durable one that exists goes on where it was. */
  readonly from: 'new' | 'all' | { readonly time: number } | { readonly sequence: number };
  /** An unsettled delivery of a durable consumer comes again after this time without {@link Delivery.extend}. */
  readonly ackWaitMs: number;
  readonly maxInFlight: number;
}

/**
 * One delivery; settled by the first call of `ack` or `retry`. There is no limit of deliveries at the broker: the bus
 * counts them by `attempt`.
 *
 * Both promises resolve when the broker has been told (not necessarily confirmed: when it is lost the message comes
 * again), and never reject: while disconnected they resolve and the message comes again.
 */
export interface Delivery extends StoredMessage {
  /** 1 for the first; counts crashes and {@link retry}. Survives a restart of the broker. */
  readonly attempt: number;
  /** Done for this consumer. In stream `jobs` the message is removed. */
  ack(): Promise<void>;
  /** Comes again after `delayMs`, to any of this consumer's. Without `durable` the same as `ack`. */
  retry(delayMs: number): Promise<void>;
  /** Starts the time to acknowledge anew. */
  extend(): void;
}

export interface Consumption extends AsyncDisposable {
  /**
   * Resolves when no further delivery comes; those handed over can still be settled. Disposal stops, and for an
   * ephemeral consumer removes it.
   */
  stop(): Promise<void>;
}
