import type { BackendMatch } from './pipeline/backends/backend.ts';
import type { StageTrace } from './pipeline/stage.ts';

declare const granted: unique symbol;
declare const settled: unique symbol;

/** Let in. Made by {@link accept} only, which wants what a backend found. */
export interface Accept {
  readonly verdict: 'accept';
  readonly reason: string;
  readonly account: string;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
  /** Which backend knew the password. */
  readonly backend: string;
  readonly [granted]: true;
}

export interface Reject {
  readonly verdict: 'reject';
  readonly reason: string;
  /** The account, where the backend knew it. */
  readonly account?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

export interface Tempfail {
  readonly verdict: 'tempfail';
  readonly reason: string;
  readonly retryAfterMs?: number | undefined;
}

export type Judgement = Accept | Reject | Tempfail;

/** What the pipeline decided about one login, and how. */
export interface Decision {
  /** ULID. */
  readonly id: string;
  readonly judgement: Judgement;
  /** Every stage that ran, in order. */
  readonly stages: readonly StageTrace[];
  readonly durationMs: number;
}

/**
 * A decision that may be told: it is kept, or the operator prefers an answer to a record. Doors take nothing else, so no
 * answer can leave before its decision is safe.
 */
export interface Settled {
  readonly decision: string;
  readonly judgement: Judgement;
  readonly [settled]: true;
}

export function accept(backend: string, { account, attributes }: BackendMatch): Accept {
  return { verdict: 'accept', reason: 'password', account, attributes, backend } as Accept;
}

export function reject(
  reason: string,
  more: { account?: string | undefined; retryAfterMs?: number | undefined } = {},
): Reject {
  return { verdict: 'reject', reason, ...more };
}

export function tempfail(reason: string, retryAfterMs?: number): Tempfail {
  return { verdict: 'tempfail', reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** For whoever keeps decisions: says that this one is kept. */
export function settle(decision: string, judgement: Judgement): Settled {
  return { decision, judgement } as Settled;
}
