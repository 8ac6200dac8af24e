/** How many cookies one value may be spread over: `name`, `name.1` … `name.8`. */
export const MOST_PIECES = 9;

/** The name of the piece at `index`, from 0. */
export function pieceName(name: string, index: number): string {
  return index === 0 ? name : `${name}.${index}`;
}

/** Which piece of `name` a cookie of name `found` is; undefined when it isn't ours. */
export function pieceIndex(name: string, found: string): number | undefined {
  if (found === name) return 0;
  if (found.length !== name.length + 2 || !found.startsWith(`${name}.`)) return undefined;
  const digit = found.charCodeAt(found.length - 1) - 48;
  return digit >= 1 && digit < MOST_PIECES ? digit : undefined;
}
