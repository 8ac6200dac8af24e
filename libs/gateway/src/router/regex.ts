import { RE2JS } from 're2js';

/** A regular expression of an operator, anchored at the start. Runs in time linear in the text, whatever it says. */
export interface RouteRegex {
  /** Length of the match and its named groups; undefined when the text doesn't begin with one. */
  match(
    text: string,
  ): { readonly length: number; readonly groups: Readonly<Record<string, string>> } | undefined;
}

/** Instructions of the compiled program: bounds memory, and the factor in "linear". */
const MAX_PROGRAM = 5_000;

/**
 * Compiles an expression in RE2 syntax. What can't be matched without backtracking (look-around, back-references) or is
 * too large is refused, with the reason as a value, because the operator's input is where it belongs.
 */
export function compileRouteRegex(source: string): RouteRegex | { readonly fault: string } {
  let regex: RE2JS;
  try {
    regex = RE2JS.compile(source);
  } catch (error) {
    return {
      fault: `invalid regex '${source}': ${(error as Error).message} (RE2 syntax: no look-around, no back-references)`,
    };
  }
  if (regex.programSize() > MAX_PROGRAM) {
    return {
      fault: `regex '${source}' is too large: ${regex.programSize()} instructions, at most ${MAX_PROGRAM}`,
    };
  }
  const names = Object.keys(regex.namedGroups());
  return {
    match(text) {
      const matcher = regex.matcher(text);
      if (!matcher.lookingAt()) return undefined;
      const groups: Record<string, string> = {};
      for (const name of names) {
        const value = matcher.group(name);
        if (value !== null) groups[name] = value;
      }
      return { length: matcher.end(), groups };
    },
  };
}
