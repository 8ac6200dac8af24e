import { MOST_PIECES, pieceIndex, pieceName } from './cookie-names.ts';

/** What a request has of one cookie. */
export interface FoundCookie {
  /**
   * Whole values to try, in the order they came; browsers put those with the longer path first. More than one when cookies
   * of other paths or domains have the same name, which a neighbour domain can arrange.
   */
  readonly values: readonly string[];
  /** Names of the pieces seen: what a writer has to clear when it doesn't use them. */
  readonly present: readonly string[];
}

/** Characters of cookies that are looked at; a header with more has none of ours. */
const MOST_CHARACTERS = 65_536;

/** Values of one name that are tried: each costs a decryption. */
const MOST_VALUES = 4;

const NONE: FoundCookie = { values: [], present: [] };

/**
 * Finds cookie `name` in the Cookie headers of a request (one text each; HTTP/2 may send several), and puts values together
 * that were spread over pieces. Any text gives a result; what isn't whole is left out.
 */
export function readCookie(headers: string | readonly string[], name: string): FoundCookie {
  const lines = typeof headers === 'string' ? [headers] : headers;
  if (lines.reduce((sum, line) => sum + line.length, 0) > MOST_CHARACTERS) return NONE;
  const pieces: string[][] = Array.from({ length: MOST_PIECES }, () => []);
  for (const [found, value] of pairs(lines)) {
    const index = pieceIndex(name, found);
    const seen = index === undefined ? undefined : pieces[index];
    if (seen !== undefined && seen.length < MOST_VALUES) seen.push(value);
  }
  const [first = []] = pieces;
  const values: string[] = [];
  let spread = 0;
  for (const value of first) {
    const count = /^([2-9])\./.exec(value)?.[1];
    if (count === undefined) {
      values.push(value);
      continue;
    }
    // Of several values in pieces the nth goes with the nth of each piece: browsers sort all cookies alike.
    const rest = pieces.slice(1, Number(count)).map((seen) => seen[spread] ?? seen[0]);
    spread += 1;
    if (rest.includes(undefined)) continue;
    values.push(value.slice(2) + rest.join(''));
  }
  const present = pieces.flatMap((seen, i) => (seen.length === 0 ? [] : [pieceName(name, i)]));
  return { values: values.filter((value) => value !== ''), present };
}

/** A Cookie header without cookie `name` and its pieces, for the upstream; undefined when nothing is left. */
export function withoutCookie(header: string, name: string): string | undefined {
  const kept = header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '' && pieceIndex(name, nameOf(pair)) === undefined);
  return kept.length === 0 ? undefined : kept.join('; ');
}

function* pairs(lines: readonly string[]): Generator<readonly [string, string]> {
  for (const line of lines) {
    for (const pair of line.split(';')) {
      const equals = pair.indexOf('=');
      if (equals !== -1) yield [nameOf(pair), pair.slice(equals + 1).trim()];
    }
  }
}

function nameOf(pair: string): string {
  const equals = pair.indexOf('=');
  return (equals === -1 ? pair : pair.slice(0, equals)).trim();
}
