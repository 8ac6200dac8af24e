/** What the main thread asks the journal's thread to do. All of one batch happens in one transaction, in order. */
export type Op =
  | {
      readonly op: 'append';
      readonly stream: Stream;
      readonly subject: string;
      readonly dedupe: string;
      readonly headers: string;
      readonly body: Uint8Array;
      readonly now: number;
    }
  | {
      readonly op: 'consumer';
      readonly durable: string;
      readonly stream: Stream;
      readonly filter: string;
      readonly from: Start;
    }
  | {
      readonly op: 'take';
      readonly durable: string;
      readonly limit: number;
      readonly ackWaitMs: number;
      readonly now: number;
    }
  | { readonly op: 'ack'; readonly durable: string; readonly sequence: number }
  | {
      readonly op: 'retry' | 'extend';
      readonly durable: string;
      readonly sequence: number;
      readonly due: number;
    }
  | { readonly op: 'position'; readonly stream: Stream; readonly from: Start }
  | {
      readonly op: 'read';
      readonly stream: Stream;
      readonly filter: string;
      readonly after: number;
      readonly limit: number;
    }
  | { readonly op: 'remove'; readonly stream: Stream; readonly sequence: number }
  | { readonly op: 'prune'; readonly now: number };

export type Stream = 'events' | 'jobs' | 'dead';
export type Start = 'new' | 'all' | { readonly time: number } | { readonly sequence: number };

export interface Row {
  readonly sequence: number;
  readonly subject: string;
  readonly time: number;
  readonly headers: string;
  readonly body: Uint8Array;
}

interface Results {
  append: { readonly sequence: number; readonly duplicate: boolean };
  consumer: undefined;
  /** `due`: when the next message that waits for another try falls due, if there is one. */
  take: {
    readonly rows: readonly (Row & { readonly attempt: number })[];
    readonly due: number | undefined;
  };
  ack: undefined;
  retry: undefined;
  extend: undefined;
  /** The sequence after which a reader begins. */
  position: number;
  read: readonly Row[];
  remove: boolean;
  prune: undefined;
}

export type Result<O extends Op = Op> = O extends Op ? Results[O['op']] : never;

export interface Limits {
  /** Age after which events are removed, milliseconds. */
  readonly eventsMaxAgeMs: number;
  /** Bytes of bodies that are kept in EVENTS; the oldest go first. */
  readonly eventsMaxBytes: number;
  readonly deadMaxAgeMs: number;
  readonly dedupeWindowMs: number;
}

export interface JournalSettings {
  /** File, or `:memory:`. */
  readonly path: string;
  readonly limits: Limits;
  /** False when the thread was lost and begins again: then deliveries are still held by handlers that live. */
  readonly fresh: boolean;
}

/** From the thread: it is ready, it can't begin, or the outcome of each op of a batch. */
export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'refused'; readonly inUse: boolean; readonly message: string }
  | { readonly kind: 'done'; readonly outcomes: readonly Outcome[] };

export type Outcome = { readonly value: Result } | { readonly error: string };
