import type { Runtime } from '../runtime.ts';

/** A replacement text of `gsub`: texts, and captures by number where `%1` stood (0 for the whole match). */
export type Replacement = readonly (string | number)[];

/** Splits a replacement text at its `%`s. `%%` is a percent sign, and any other byte stands for itself. */
export function parseReplacement(rt: Runtime, text: string): Replacement {
  const parts: (string | number)[] = [];
  let literal = '';
  let at = 0;
  for (;;) {
    const percent = text.indexOf('%', at);
    if (percent < 0) break;
    rt.spend(1);
    literal += text.slice(at, percent);
    // To C, a percent sign at the end is followed by the text's closing zero.
    const byte = text[percent + 1] ?? '\0';
    if (byte >= '0' && byte <= '9') {
      if (literal !== '') parts.push(literal);
      literal = '';
      parts.push(Number(byte));
    } else {
      literal += byte;
    }
    at = percent + 2;
  }
  literal += text.slice(at);
  if (literal !== '' || parts.length === 0) parts.push(literal);
  return parts;
}
