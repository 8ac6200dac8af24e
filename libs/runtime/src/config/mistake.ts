/** One thing that is wrong with the configuration. Never holds a secret. */
export interface Mistake {
  /** `edge.https.port`. Empty for the file as a whole. */
  readonly path: string;
  readonly found: string;
  readonly expected: string;
  /** `sallyport.yaml:12` or `SALLYPORT_EDGE__HTTPS__PORT`; absent when nothing was given at all. */
  readonly where?: string;
  /** The key that was probably meant. */
  readonly meant?: string;
}

const MOST_LINES = 100;

/** All mistakes as text for people, one line each. */
export function describeMistakes(mistakes: readonly Mistake[]): string {
  const lines = mistakes.slice(0, MOST_LINES).map(({ path, found, expected, where, meant }) => {
    const place = [path, where === undefined ? '' : `(${where})`].filter((s) => s !== '').join(' ');
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
    return `  ${place}: found ${found}, expected ${expected}${hint}`;
  });
  const count = mistakes.length === 1 ? 'one mistake' : `${mistakes.length} mistakes`;
  if (mistakes.length > MOST_LINES) lines.push(`  and ${mistakes.length - MOST_LINES} more`);
  return [`the configuration has ${count}:`, ...lines].join('\n');
}

/** The candidate that `word` is probably a slip of, if any is near enough. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > 64) return undefined;
  const most = Math.max(1, Math.floor(word.length / 3));
  const near = candidates
    .map((candidate) => ({ candidate, edits: editDistance(word.toLowerCase(), candidate) }))
    .filter(({ edits }) => edits <= most)
    .sort((a, b) => a.edits - b.edits);
  return near[0]?.candidate;
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i += 1) {
    rows[i] = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      (rows[i] as number[])[j] = Math.min(
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
        at(i - 1, j - 1) + same,
        swapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
  }
  return at(a.length, b.length);
}
