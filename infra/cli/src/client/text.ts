/** Characters that move a terminal's cursor, end a line, or change the order in which others are shown. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** `text`, which others may have chosen, as one line that a terminal shows as it is. */
export function plainText(text: string): string {
  return text.replace(UNFIT, escaped);
}

/** `value` as JSON without characters that a terminal would act on. */
export function plainJson(value: unknown, indent?: number): string {
  // Outside its texts JSON has no such characters but the line breaks of the indentation.
  return JSON.stringify(value, undefined, indent).replace(UNFIT, (c) =>
    c === '\n' ? c : escaped(c),
  );
}

function escaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
  ).join('');
}

/** Rows under a head, in columns as wide as they must be. Nothing but the head's absence says that there are no rows. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((row) => row.map(plainText));
  const widths = head.map((_, i) => Math.max(...lines.map((row) => [...(row[i] ?? '')].length)));
  return lines
    .map(
      (row) =>
        `${row
          .map((cell, i) => padded(cell, widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function padded(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - [...cell].length));
}
