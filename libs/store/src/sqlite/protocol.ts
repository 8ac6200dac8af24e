import type { OutboxMessage, Version } from '../ports.ts';
import type { WindowLoad } from '../windows.ts';

/** `<space>:<encoded key>`: how the file knows an entry, counter, index, lease or queue. */
export type Id = string;

/** A check as the worker does it. */
export type CheckStep =
  | { readonly id: Id; readonly version: Version | undefined }
  | { readonly lease: Id; readonly token: number };

export interface PutStep {
  readonly id: Id;
  readonly value: Uint8Array;
  readonly format: number;
  readonly ttlMs: number | undefined;
}

export interface IndexStep {
  readonly id: Id;
  readonly member: Uint8Array;
  /** `undefined` removes the member. */
  readonly score: number | undefined;
  readonly ttlMs: number | undefined;
}

export interface CountStep {
  readonly id: Id;
  readonly add: number;
  readonly ttlMs: number | undefined;
}

export interface CommitRequest {
  readonly verb: 'commit';
  /** Of the partition: `<space>:<encoded partition>`. */
  readonly queue: Id;
  readonly id: string | undefined;
  readonly checks: readonly CheckStep[];
  readonly puts: readonly PutStep[];
  readonly deletes: readonly Id[];
  readonly index: readonly IndexStep[];
  readonly counts: readonly CountStep[];
  readonly outbox: readonly OutboxMessage[];
}

export interface WindowStep {
  readonly id: Id;
  /** Windows of the same queue are judged together. */
  readonly queue: Id;
  readonly periodMs: number;
  readonly limit: number;
  readonly cost: number;
  readonly count: 'always' | 'allowed';
}

export interface StoredEntry {
  readonly value: Uint8Array;
  readonly format: number;
  readonly version: Version;
}

export interface StoredMember {
  readonly member: Uint8Array;
  readonly score: number;
}

export interface RangeRequest {
  readonly verb: 'range';
  readonly id: Id;
  readonly min: number;
  readonly max: number;
  readonly after: StoredMember | undefined;
  readonly limit: number;
  readonly reverse: boolean;
}

export type CommitAnswer =
  | { readonly done: 'committed'; readonly version: Version; readonly counters: readonly number[] }
  | { readonly done: 'conflict'; readonly failed: number }
  | { readonly done: 'range'; readonly counter: number; readonly value: number };

export interface ClaimAnswer {
  readonly queue: Id;
  readonly token: number;
  readonly messages: readonly OutboxMessage[];
}

/** What the main thread may ask, and what the worker answers to it. */
export interface Verbs {
  get: [
    { readonly verb: 'get'; readonly ids: readonly Id[] },
    readonly (StoredEntry | undefined)[],
  ];
  counters: [{ readonly verb: 'counters'; readonly ids: readonly Id[] }, readonly number[]];
  range: [RangeRequest, readonly StoredMember[]];
  commit: [CommitRequest, CommitAnswer];
  hit: [{ readonly verb: 'hit'; readonly windows: readonly WindowStep[] }, readonly WindowLoad[]];
  /** The token; `undefined` when another has the lease. */
  take: [{ readonly verb: 'take'; readonly id: Id; readonly ttlMs: number }, number | undefined];
  renew: [
    { readonly verb: 'renew'; readonly id: Id; readonly token: number; readonly ttlMs: number },
    boolean,
  ];
  release: [{ readonly verb: 'release'; readonly id: Id; readonly token: number }, boolean];
  claim: [
    {
      readonly verb: 'claim';
      readonly space: string;
      readonly limit: number;
      readonly claimMs: number;
    },
    ClaimAnswer | undefined,
  ];
  end: [
    {
      readonly verb: 'end';
      readonly queue: Id;
      readonly token: number;
      readonly delivered: number;
    },
    boolean,
  ];
  /** How many expired rows went. */
  sweep: [{ readonly verb: 'sweep'; readonly limit: number }, number];
}

export type Verb = keyof Verbs;
export type Request = Verbs[Verb][0];
export type Answer = Verbs[Verb][1];

/** To the worker: requests with their numbers, and the time that holds for all of them; or the end. */
export type ToWorker =
  | { readonly now: number; readonly requests: readonly (readonly [number, Request])[] }
  | 'close';

export type Outcome = { readonly answer: Answer } | { readonly error: string };

/** From the worker. */
export type FromWorker =
  | { readonly opened: true }
  /** The code and the message of the error that kept the file closed. */
  | { readonly refused: string; readonly message: string }
  /** `idle`: everything of the last batch is answered. */
  | {
      readonly outcomes: readonly (readonly [number, Outcome])[];
      readonly idle: boolean;
    };

/** What a worker is started with. */
export interface WorkerSettings {
  readonly path: string;
  readonly synchronous: 'full' | 'normal';
}
