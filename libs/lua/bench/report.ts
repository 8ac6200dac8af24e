/** One measured thing. Shaped as `sallyport bench` reports it. */
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

/** The middle sample; the mean of the two middle ones where their number is even. */
function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

/** The median of ours through the peer's, round by round. */
function ratio({ ours, peer }: LuaBenchRow): number {
  return median(ours.map((sample, i) => sample / (peer?.samples[i] ?? Number.NaN)));
}

/** The report for people: one line a row, and whether what was promised is reached. */
export function text({ suite, rows, notes }: LuaBenchReport): string {
  const lines = rows.map((row) => {
    const ours = `${figure(median(row.ours))} ${row.unit}`;
    const peer =
      row.peer === undefined ? '' : `${row.peer.name} ${figure(median(row.peer.samples))}`;
    const times = row.peer === undefined ? '' : `${figure(1 / ratio(row))} times its speed`;
    return [row.name, ours, peer, times, verdict(row)];
  });
  const widths = [0, 1, 2, 3].map((c) => Math.max(...lines.map((line) => line[c]?.length ?? 0)));
  const table = lines.map((line) =>
    line
      .map((cell, c) => cell.padEnd(widths[c] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [`# ${suite}`, ...table, ...notes.map((note) => `- ${note}`), ''].join('\n');
}

function verdict(row: LuaBenchRow): string {
  if (row.target === undefined) return '';
  const [value, limit] =
    'ratio' in row.target ? [ratio(row), row.target.ratio] : [median(row.ours), row.target.value];
  return value <= limit ? 'reached' : 'MISSED';
}

function figure(value: number): string {
  return String(Number(value.toPrecision(3)));
}
