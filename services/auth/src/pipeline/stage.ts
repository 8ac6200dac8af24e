import { type Clock, withDeadline } from '@sallyport/runtime';
import { StageTimeoutError } from '../errors.ts';

/**
 * What a stage that fails, or doesn't answer in its time, means for the login.
 *
 * - `open`: as if it had nothing to say. For a backend: the next one is asked, and when none knows the user it is a
 *   temporary failure after all, never "unknown user" and never an accept.
 * - `closed`: the login is rejected.
 * - `tempfail`: the login is a temporary failure.
 */
export type FailPolicy = 'open' | 'closed' | 'tempfail';

/** What stages of every kind have. */
export interface Stage {
  /** As configured; in traces and metrics. */
  readonly name: string;
  readonly onFailure: FailPolicy;
}

export type StageKind = 'backend' | 'brute-force' | 'feature' | 'filter';

/** How one stage went. */
export interface StageTrace {
  readonly stage: StageKind;
  readonly name: string;
  /** `pass`, `trigger`, `match`, `wrong`, `absent`, `reject` …; `error` and `timeout` when it failed. */
  readonly outcome: string;
  readonly durationMs: number;
}

/** What a stage said, or what its failure means. */
export type Ran<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly policy: FailPolicy };

export interface RunnerOptions {
  readonly clock: Clock;
  /** What one stage may take. */
  readonly timeoutMs: number;
  /** Told of every stage that ran: for metrics. */
  readonly onStage: (trace: StageTrace) => void;
  /** Told of every stage that failed. */
  readonly onError: (kind: StageKind, name: string, error: unknown) => void;
}

/** Runs the stages of one login and keeps their trace. */
export class StageRunner {
  readonly #options: RunnerOptions;
  readonly #signal: AbortSignal;
  readonly trace: StageTrace[] = [];

  constructor(options: RunnerOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /**
   * Rejects only with the reason of the login's own signal: then nobody waits for a decision. A stage that goes on after
   * its time is left to itself; its signal has aborted.
   */
  async run<T extends { readonly outcome: string; readonly detail?: string }>(
    kind: StageKind,
    { name, onFailure }: Stage,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<Ran<T>> {
    this.#signal.throwIfAborted();
    const { clock, timeoutMs, onError } = this.#options;
    const began = clock.monotonic();
    const late = () => new StageTimeoutError(`stage ${name} must answer within ${timeoutMs} ms`);
    try {
      const value = await withDeadline({ clock, ms: timeoutMs, late, signal: this.#signal }, work);
      const detail = value.detail === undefined ? name : `${name}/${value.detail}`;
      this.#note(kind, detail, value.outcome, began);
      return { ok: true, value };
    } catch (error) {
      if (this.#signal.aborted) throw this.#signal.reason;
      this.#note(kind, name, error instanceof StageTimeoutError ? 'timeout' : 'error', began);
      onError(kind, name, error);
      return { ok: false, policy: onFailure };
    }
  }

  #note(stage: StageKind, name: string, outcome: string, began: number): void {
    const { clock, onStage } = this.#options;
    const durationMs = Math.max(0, clock.monotonic() - began);
    const trace = { stage, name, outcome, durationMs };
    this.trace.push(trace);
    onStage(trace);
  }
}
