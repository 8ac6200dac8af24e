/** One measured thing, in rounds that alternate with its peer (A B A B …), so that a noisy machine hits both. */
export interface BenchRow {
  readonly name: string;
  /** Unit of the samples, such as `µs CPU/op` or `ms`. */
  readonly unit: string;
  /** One sample per round. */
  readonly ours: readonly number[];
  /** What it is compared with, measured in the same run. */
  readonly peer?: { readonly name: string; readonly samples: readonly number[] };
  /** The figure that was promised: a largest ratio to the peer, or a largest value without one. */
  readonly target?: { readonly ratio: number } | { readonly value: number };
}

export interface BenchReport {
  readonly suite: string;
  readonly rows: readonly BenchRow[];
  /** What the reader must know to judge the figures: versions, what wasn't to be had. */
  readonly notes: readonly string[];
}

export interface BenchOptions {
  /** Rounds of each variant; more rounds, steadier medians. */
  readonly rounds: number;
  /** About how long one round of one variant may take, milliseconds. */
  readonly roundMs: number;
  readonly signal: AbortSignal;
  /** Told what is being measured, for people who wait. */
  progress(text: string): void;
}

/** The middle sample; the mean of the two middle ones where their number is even. */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

/** Ours divided by the peer's, round by round, then the median: what both rounds had in common cancels. */
export function ratio(row: BenchRow): number | undefined {
  const { ours, peer } = row;
  if (peer === undefined) return undefined;
  return median(ours.map((sample, i) => sample / (peer.samples[i] ?? Number.NaN)));
}

/** Whether the promised figure was reached; undefined where none was promised. */
export function reached(row: BenchRow): boolean | undefined {
  if (row.target === undefined) return undefined;
  return 'ratio' in row.target
    ? (ratio(row) ?? Number.POSITIVE_INFINITY) <= row.target.ratio
    : median(row.ours) <= row.target.value;
}

/** The report as a table for people. */
export function render(report: BenchReport): string {
  const lines = [
    ['measured', 'unit', 'ours', 'peer', 'ratio', 'promised', ''],
    ...report.rows.map((row) => [
      row.name,
      row.unit,
      figure(median(row.ours)),
      row.peer === undefined ? '' : `${figure(median(row.peer.samples))} (${row.peer.name})`,
      row.peer === undefined ? '' : figure(ratio(row) as number),
      promised(row),
      row.target === undefined ? '' : reached(row) ? 'reached' : 'MISSED',
    ]),
  ];
  const widths = (lines[0] ?? []).map((_, c) => Math.max(...lines.map((l) => (l[c] ?? '').length)));
  const table = lines.map((l) =>
    l
      .map((cell, c) => cell.padEnd(widths[c] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [`# ${report.suite}`, ...table, ...report.notes.map((n) => `- ${n}`), ''].join('\n');
}

function promised({ target }: BenchRow): string {
  if (target === undefined) return '';
  return 'ratio' in target ? `≤ ${target.ratio} ×` : `≤ ${target.value}`;
}

function figure(value: number): string {
  return value.toPrecision(3).includes('e')
    ? value.toFixed(0)
    : String(Number(value.toPrecision(3)));
}
