import type { Runtime } from '../runtime.ts';

/** One `%…` of a format string. */
export interface Spec {
  /** `-`, `+`, ` `, `#`, `0`. */
  readonly left: boolean;
  readonly plus: boolean;
  readonly space: boolean;
  readonly alternate: boolean;
  readonly zeros: boolean;
  readonly width: number;
  /** -1 where there is none. */
  readonly precision: number;
  /** The letter; empty where the format ends before it. */
  readonly letter: string;
  /** Set where flags or lengths are refused; known only once the argument is there. */
  readonly refused: string | undefined;
}

/** Literal texts and directives of `format`, in order. */
export function parseFormat(rt: Runtime, format: string): readonly (string | Spec)[] {
  let pieces = cache.get(format);
  if (pieces === undefined) {
    pieces = parse(rt, format);
    if (cache.size >= CACHED) cache.delete(cache.keys().next().value as string);
    if (format.length <= LONGEST_CACHED) cache.set(format, pieces);
  }
  return pieces;
}

function parse(rt: Runtime, format: string): (string | Spec)[] {
  const pieces: (string | Spec)[] = [];
  let literal = '';
  let at = 0;
  for (;;) {
    const percent = format.indexOf('%', at);
    if (percent < 0) break;
    rt.spend(1);
    literal += format.slice(at, percent);
    if (format[percent + 1] === '%') {
      literal += '%';
      at = percent + 2;
      continue;
    }
    if (literal !== '') pieces.push(literal);
    literal = '';
    DIRECTIVE.lastIndex = percent + 1;
    const match = DIRECTIVE.exec(format) as RegExpExecArray;
    pieces.push(spec(match, format[DIRECTIVE.lastIndex] ?? ''));
    at = DIRECTIVE.lastIndex + 1;
  }
  literal += format.slice(at);
  if (literal !== '') pieces.push(literal);
  return pieces;
}

function spec(match: RegExpExecArray, next: string): Spec {
  const [, flags = '', width = '', precision] = match;
  let refused: string | undefined;
  if (flags.length > FLAGS) refused = 'invalid format (repeated flags)';
  else if (next >= '0' && next <= '9') {
    refused = 'invalid format (width or precision too long)';
  }
  return {
    left: flags.includes('-'),
    plus: flags.includes('+'),
    space: flags.includes(' '),
    alternate: flags.includes('#'),
    zeros: flags.includes('0'),
    width: Number(width),
    precision: precision === undefined ? -1 : Number(precision),
    letter: next === '\0' ? '' : next,
    refused,
  };
}

const DIRECTIVE = /([-+ #0]*)([0-9]{0,2})(?:\.([0-9]{0,2}))?/y;
/** C refuses more flags than there are different ones. */
const FLAGS = 5;
const CACHED = 256;
const LONGEST_CACHED = 1024;
const cache = new Map<string, readonly (string | Spec)[]>();
