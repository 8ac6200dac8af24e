/** One measured thing: samples, no judgement. Who prints them takes medians and ratios. */
export interface LuaBenchRow {
  readonly name: string;
  readonly unit: string;
  /** One sample per round. */
  readonly ours: readonly number[];
  /** What it is compared with, measured in the same rounds. */
  readonly peer?: { readonly name: string; readonly samples: readonly number[] };
  /** What was promised: a largest ratio to the peer, or a largest value. */
  readonly target?: { readonly ratio: number } | { readonly value: number };
}

export interface LuaBenchReport {
  readonly suite: string;
  readonly rows: readonly LuaBenchRow[];
  /** Versions, and what wasn't installed. */
  readonly notes: readonly string[];
}

export interface LuaBenchOptions {
  /** Rounds of each variant, in turn; medians of more are steadier. */
  readonly rounds: number;
  /** About how long one round of one variant takes, milliseconds. */
  readonly roundMs: number;
  readonly signal: AbortSignal;
  progress(text: string): void;
}
