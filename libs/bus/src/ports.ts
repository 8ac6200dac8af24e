import type {
  DataOf,
  Dropped,
  Envelope,
  EventType,
  FeedType,
  JobType,
  ReplyOf,
  RpcType,
} from '@sallyport/contracts';
import type { Clock, Ids } from '@sallyport/runtime';

/**
 * How the parts of the system tell each other things, the same in one process and over NATS.
 *
 * Terms. An *event* is a fact for whoever cares, kept for a while in the stream EVENTS. A *job* is work that must
 * happen once it was accepted. An *rpc* is a question with an answer. A *feed* message is a hint that readers may
 * miss (see `Feed`). A *dead letter* is a message that was given up, kept with the reason.
 *
 * Everything passes through its wire form, in the local adapter too: no receiver sees the sender's objects.
 * Data is checked against its contract on both sides. W3C trace context travels with every message, so handlers run
 * in the trace of what caused them. Subjects are those of contracts; the adapter puts its prefix before them.
 *
 * Errors of every awaitable: `ContractError` (data doesn't fit), `PayloadTooLargeError`, `BusArgumentError` (nothing
 * was sent), `BusUnavailableError` (may have been stored), `BusClosedError`, the signal's reason.
 *
 * Disposal: subscriptions drain, buffered events leave (at most `closeTimeoutMs`; what doesn't make it is announced
 * as dropped if it can be), then the connection closes. Nothing that was acknowledged to a caller is lost.
 */
export interface Bus extends AsyncDisposable {
  readonly events: Events;
  readonly jobs: Jobs;
  readonly rpc: Rpc;
  readonly feeds: Feeds;
  readonly deadLetters: DeadLetters;
  readonly outgoing: Outgoing;
  /** Whether the broker is reached right now. For readiness; it may change the moment after. */
  readonly connected: boolean;
}

export interface Events {
  /**
   * Takes a fact and returns. Never waits and never throws for pressure.
   *
   * One that comes when none has left for `lingerMs` leaves with this turn of the loop; others are collected per
   * subject for at most `lingerMs`, or until 1,000 or 256 KiB wait, and leave as one batch. Of one subject one batch is
   * on its way at a time and is sent again until the stream has it, so facts of one type arrive in the order of these
   * calls. While the broker is away they wait in a buffer of bounded size; when that is full new ones are dropped and
   * counted, and a drop notice with the range of their `seq` stands in their place in the stream. A crash of this
   * process loses what was in the buffer, which readers see as a gap.
   *
   * Throws `ContractError` when `data` doesn't fit, `BusClosedError` after disposal. An event that no message can
   * hold is dropped like one under pressure and reported as a fault.
   */
  publish<E extends EventType>(event: E, data: DataOf<E>, options?: PublishOptions): void;

  /**
   * Stores a decision: resolves only after the stream has it on disk; never dropped. Rejected, it may be stored or
   * not; asking again with the same `id` within the broker's duplicate window (2 minutes or more) stores it once.
   * Rejects at once with `BusUnavailableError` while the broker is known to be away: callers have an outbox.
   * Records that are awaited one after the other arrive in that order.
   */
  record<E extends EventType>(
    event: E,
    data: DataOf<E>,
    options?: RecordOptions,
  ): Promise<{ readonly id: string; readonly duplicate: boolean }>;

  /**
   * Calls `handler` with each event, one at a time, in the order of the stream.
   *
   * With `durable` the broker remembers how far that name has come, also while nobody listens; subscriptions with
   * the same name, in whatever process, share the events between them. An event is done when the handler is; when it
   * fails or the process dies it is delivered again (at least once: dedupe by `id`), behind others if need be, after
   * `backoffMs`; after `maxDeliver` tries it becomes a dead letter. So does at once what doesn't fit the contract.
   *
   * Without `durable` every subscription gets every event from `from` on, once; a handler that fails is reported as a
   * fault and the next event comes. It picks up where it was after a broken connection.
   *
   * A slow handler slows only its own subscription. A pattern's data is unchecked: see `EventType.parse`.
   */
  subscribe<E extends EventType>(
    event: E,
    options: SubscribeOptions,
    handler: EventHandler<DataOf<E>>,
  ): Promise<Subscription>;
  subscribe(
    pattern: EventPattern,
    options: SubscribeOptions,
    handler: EventHandler<unknown>,
  ): Promise<Subscription>;

  /** Resolves when everything published before has been stored or dropped. */
  flush(signal?: AbortSignal): Promise<void>;

  /** For metrics: events waiting, and how many were dropped since the start. */
  pressure(): { readonly buffered: number; readonly dropped: number };
}

/** All events, or all of one domain: `*`, `auth.*`. */
export type EventPattern = '*' | `${string}.*`;

export interface PublishOptions {
  /** CloudEvents `subject`: what of the source it is about. */
  readonly about?: string;
}

export interface RecordOptions extends PublishOptions {
  /** Idempotency key, 1 to 256 characters. Default: a new one. */
  readonly id?: string;
  readonly signal?: AbortSignal;
}

export interface SubscribeOptions extends Partial<DeliveryLimits> {
  /** Lower-case letters, digits and hyphens, at most 64. Unique to its purpose in the whole cluster. */
  readonly durable?: string;
  /**
   * Where to begin: only what comes from now on (default), all that is kept, events stored at or after a time
   * (milliseconds since the epoch), or from a position in the stream. A durable name that exists already goes on
   * where it was.
   */
  readonly from?: StartFrom;
  /** Called, in place in the order, for each notice that events were dropped on purpose. */
  readonly onDropped?: (notice: Envelope<Dropped>) => void;
}

export type StartFrom = 'new' | 'all' | { readonly time: number } | { readonly sequence: number };

export interface DeliveryLimits {
  /** How long a delivery may stay unanswered before another try; extended by itself while the handler runs. Default 30,000. */
  readonly ackWaitMs: number;
  /** Tries before it becomes a dead letter, crashes counted. Default 5. */
  readonly maxDeliver: number;
  /** Pause before the second, third … try; the last one goes on. Default 100, 1,000, 5,000, 30,000. */
  readonly backoffMs: readonly number[];
}

export type EventHandler<Data> = (
  event: Envelope<Data>,
  context: EventContext,
) => undefined | void | Promise<void>;

export interface EventContext extends DeliveryContext {
  /** Position of its message in the stream: a later subscription can begin there. */
  readonly sequence: number;
  /** Subject of the message, without prefix. With `instance` and `epoch` the lane that `seq` counts. */
  readonly lane: string;
}

export interface DeliveryContext {
  /** Aborts when the subscription is cut off before the handler is done: what it does then may be done again. */
  readonly signal: AbortSignal;
  /** 1 for the first try. A broker that is killed may forget a try of its last 100 ms: nats-server writes the count late. */
  readonly attempt: number;
  readonly redelivered: boolean;
}

/** Something that goes on until it is ended. */
export interface Subscription extends AsyncDisposable {
  /**
   * Takes nothing new, waits for handlers that run, and gives back what they didn't get to. When the signal aborts
   * first, the handlers' own signals abort and their messages are delivered again. Disposal drains.
   */
  drain(signal?: AbortSignal): Promise<void>;
}

export interface Jobs {
  /**
   * Accepts a job: resolves only after it is stored durably. The same `id` within the duplicate window is accepted
   * once. Rejected, it may be stored or not; ask again with the same `id`.
   */
  enqueue<J extends JobType>(
    job: J,
    data: DataOf<J>,
    options?: { readonly id?: string; readonly signal?: AbortSignal },
  ): Promise<{ readonly id: string; readonly duplicate: boolean }>;

  /**
   * Works on jobs of one type; all workers of the type, in whatever process, share them. Each job is delivered until
   * a handler is done with it (at least once, always under the same `id`). Jobs begin in the order they were
   * accepted; with one worker and concurrency 1, and without failures, they end in it too.
   *
   * A handler that throws, or a process that dies, means another try after `backoffMs`; after `maxDeliver` tries it is
   * a dead letter. A job that doesn't fit its contract is a dead letter at once. A handler may take longer than
   * `ackWaitMs`: while it runs the delivery is extended.
   */
  work<J extends JobType>(
    job: J,
    options: WorkOptions,
    handler: JobHandler<DataOf<J>>,
  ): Promise<Subscription>;
}

export interface WorkOptions extends Partial<DeliveryLimits> {
  /** Handlers at a time in this subscription. Default 1. No more jobs than this are taken from the others. */
  readonly concurrency?: number;
}

export interface Job<Data> {
  readonly id: string;
  readonly data: Data;
  /** When it was accepted, milliseconds since the epoch by the sender's clock. */
  readonly time: number;
}

/** What becomes of a job: done, given up with a reason (dead letter), or again after a pause of its own. */
export type JobOutcome = undefined | { readonly dead: string } | { readonly retryMs: number };

export type JobHandler<Data> = (
  job: Job<Data>,
  context: DeliveryContext,
) => void | JobOutcome | Promise<JobOutcome> | Promise<void>;

export interface Rpc {
  /**
   * Asks and waits for the answer. Rejects with
   * `RpcUnavailableError` at once when nobody answers this rpc or the broker is away; nothing was executed;
   * `RpcBusyError` at once when the responder that got it has no room; nothing was executed;
   * `RpcTimeoutError` at the deadline, to within 50 ms: it may have been executed;
   * `RpcFailedError` with code and message when the responder failed; no class crosses the bus;
   * `RpcContractError` when request or answer doesn't fit.
   */
  request<R extends RpcType>(
    rpc: R,
    data: DataOf<R>,
    options?: RequestOptions,
  ): Promise<ReplyOf<R>>;

  /**
   * Answers an rpc. Responders of one rpc share the requests. Beyond `concurrency` requests at work and `waiting`
   * more it answers busy at once; a request whose deadline passed while it waited isn't begun, and what a handler answers
   * after the deadline isn't sent.
   *
   * What the handler throws goes back as code and message if it is a `SallyportError`, else as
   * `SP_ERR_INTERNAL` without its text, and is reported as a fault here.
   */
  respond<R extends RpcType>(
    rpc: R,
    options: RespondOptions,
    handler: RpcHandler<DataOf<R>, ReplyOf<R>>,
  ): Promise<Subscription>;
}

export interface RequestOptions {
  /** Default 5,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** For requests that change something: the responder does the work of one key once. At most 256 characters. */
  readonly idempotencyKey?: string;
}

export interface RespondOptions {
  /** Default 64. */
  readonly concurrency?: number;
  /** Requests that may wait for their turn. Default 4 × concurrency. */
  readonly waiting?: number;
}

export interface RequestContext {
  /** Aborts at the caller's deadline, and when a drain is cut off. */
  readonly signal: AbortSignal;
  readonly idempotencyKey: string | undefined;
}

export type RpcHandler<Request, Reply> = (
  request: Request,
  context: RequestContext,
) => Reply | Promise<Reply>;

/**
 * The transport under `Feed`: may lose, and after a broken connection does. Messages of one sender arrive in order
 * or not at all; no duplicates are promised either way. Use `Feed`.
 */
export interface Feeds {
  /** Sends to whoever listens now. Never waits; a message while the broker is away is lost. */
  send(feed: FeedType, message: Uint8Array): void;
  /** Resolves once it listens: what is sent after that, on an unbroken connection, arrives. */
  listen(feed: FeedType, onMessage: (message: Uint8Array) => void): Promise<AsyncDisposable>;
}

/** A message that was given up. */
export interface DeadLetter {
  /** Position in the stream of dead letters; names it in this port. */
  readonly sequence: number;
  /** Subject it had, without prefix. */
  readonly subject: string;
  /** The job's id; for an event's message the broker's id of the batch. */
  readonly id: string;
  /** The worker or durable subscription that gave it up: a job's subject, or the durable's name. */
  readonly consumer: string;
  readonly reason: string;
  /** Tries it had. */
  readonly attempts: number;
  /** When it was given up, milliseconds since the epoch. */
  readonly time: number;
  /** Its body as it was: JSON unless that is why it died. */
  readonly body: Uint8Array;
}

export interface DeadLetters {
  /** Oldest first, after position `after`, at most `limit` (default 100). `subject` exact, without prefix. */
  list(
    query?: { readonly after?: number; readonly limit?: number; readonly subject?: string },
    signal?: AbortSignal,
  ): Promise<DeadLetter[]>;
  get(sequence: number, signal?: AbortSignal): Promise<DeadLetter | undefined>;
  /**
   * Gives it another set of tries, under its old id, to the consumer that gave it up and to no other, and removes the
   * letter. False when there is none. Called twice, or cut off in the middle and called again, it is delivered once
   * within the duplicate window.
   */
  requeue(sequence: number, signal?: AbortSignal): Promise<boolean>;
  /** Removes it for good. False when there is none. */
  discard(sequence: number, signal?: AbortSignal): Promise<boolean>;
}

/** Messages in the form that the store's outbox keeps; the relay delivers them later under the same id. */
export interface Outgoing {
  /**
   * An event that leaves with a commit. It stands in a lane of its own (its epoch is of this one event), because a
   * commit that fails must not leave a gap in another's `seq`.
   */
  event<E extends EventType>(event: E, data: DataOf<E>, options?: OutgoingOptions): OutgoingMessage;
  job<J extends JobType>(
    job: J,
    data: DataOf<J>,
    options?: { readonly id?: string },
  ): OutgoingMessage;
  /** Stores one such message: resolves when the stream has it. The relay's way in. */
  deliver(message: OutgoingMessage, signal?: AbortSignal): Promise<{ readonly duplicate: boolean }>;
}

export interface OutgoingOptions extends PublishOptions {
  readonly id?: string;
}

/** Structurally the store's `OutboxMessage`. `subject` is without prefix. */
export interface OutgoingMessage {
  readonly id: string;
  readonly subject: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What goes wrong where nobody waits for an answer. Handed to the bus's `onFault`; log and count it. */
export interface BusFault {
  readonly kind: /** A handler threw. */
    | 'handler'
    /** A message doesn't fit its contract. */
    | 'poison'
    /** A dead letter was written. */
    | 'dead'
    /** Events were dropped; once per run of drops. */
    | 'dropped'
    /** A batch, an answer or an acknowledgement couldn't be sent; it is tried again or comes again. */
    | 'send';
  readonly subject: string;
  readonly error: Error;
}

/** What every adapter's `open…` takes besides its own settings. */
export interface BusOptions {
  /** CloudEvents `source` of what is published, a URI reference such as `/edge/edge-1`. */
  readonly source: string;
  /** The process: stays the same over restarts, differs between processes that run side by side. */
  readonly instance: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Bounds of the buffer of facts, bytes as on the wire. Default 10,000 events and 8 MiB. */
  readonly buffer?: { readonly events?: number; readonly bytes?: number };
  /**
   * How long a fact may wait for others to leave with, milliseconds; what a crash may lose grows with it. Default 20.
   * Records, jobs, rpc and feeds never wait.
   */
  readonly lingerMs?: number;
  /** How long disposal may take to drain and flush. Default 5,000. */
  readonly closeTimeoutMs?: number;
  /** Told what goes wrong in the background. Default: nothing is told. */
  readonly onFault?: (fault: BusFault) => void;
}
