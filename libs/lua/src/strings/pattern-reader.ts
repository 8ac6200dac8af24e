import { ANY, type ByteSet, byteSet, classSet } from './classes.ts';

/** What an item of a pattern does. */
export const Op = {
  END: 0,
  /** Exactly the byte `arg`. */
  CHAR: 1,
  /** One byte of `set`; then the same with `*`, `+`, `-` and `?`. */
  SET: 2,
  STAR: 3,
  PLUS: 4,
  MINUS: 5,
  MAYBE: 6,
  /** Capture `arg` begins; is this position; ends; comes once more. */
  OPEN: 7,
  POSITION: 8,
  CLOSE: 9,
  BACK: 10,
  /** `%b` with the bytes `arg` and `closer`. */
  BALANCE: 11,
  /** `%f` with `set`. */
  FRONTIER: 12,
  /** `$` at the end. */
  TAIL: 13,
  /** A mistake: the text `arg` of the errors. */
  ERROR: 14,
} as const;

export interface Item {
  readonly op: number;
  readonly arg?: number;
  readonly closer?: number;
  readonly set?: ByteSet;
}

export type CaptureKind = 'text' | 'position' | 'unfinished';

/** Reads a pattern item by item, from `at` to its end or first mistake. */
export class PatternReader {
  readonly captures: CaptureKind[] = [];
  readonly errors: string[] = [];
  readonly #source: string;
  #at: number;

  constructor(source: string, at: number) {
    this.#source = source;
    this.#at = at;
  }

  next(): Item {
    const at = this.#at;
    switch (this.#source[at]) {
      case undefined:
        return { op: Op.END };
      case '(':
        return this.#open();
      case ')':
        return this.#close();
      case '%':
        return this.#escape() ?? this.#single();
      case '$':
        if (at + 1 < this.#source.length) return this.#single();
        this.#at += 1;
        return { op: Op.TAIL };
      default:
        return this.#single();
    }
  }

  #open(): Item {
    const arg = this.captures.length;
    if (arg >= MAX_CAPTURES) return this.#error('too many captures');
    if (this.#source[this.#at + 1] === ')') {
      this.captures.push('position');
      this.#at += 2;
      return { op: Op.POSITION, arg };
    }
    this.captures.push('unfinished');
    this.#at += 1;
    return { op: Op.OPEN, arg };
  }

  #close(): Item {
    const arg = this.captures.lastIndexOf('unfinished');
    if (arg < 0) return this.#error('invalid pattern capture');
    this.captures[arg] = 'text';
    this.#at += 1;
    return { op: Op.CLOSE, arg };
  }

  /** `%b`, `%f` and `%1`; undefined for a class or an escaped byte. */
  #escape(): Item | undefined {
    const source = this.#source;
    const at = this.#at;
    const letter = source[at + 1] ?? '';
    if (letter === 'b') {
      if (at + 3 >= source.length) return this.#error('unbalanced pattern');
      this.#at += 4;
      return { op: Op.BALANCE, arg: source.charCodeAt(at + 2), closer: source.charCodeAt(at + 3) };
    }
    if (letter === 'f') {
      if (source[at + 2] !== '[') return this.#error("missing '[' after '%f' in pattern");
      const end = this.#classEnd(at + 2);
      if (typeof end !== 'number') return end;
      this.#at = end;
      return { op: Op.FRONTIER, set: bracketSet(source, at + 2, end - 1) };
    }
    if (letter < '0' || letter > '9') return undefined;
    const arg = Number(letter) - 1;
    const kind = this.captures[arg];
    if (kind === undefined || kind === 'unfinished') return this.#error('invalid capture index');
    this.#at += 2;
    // C compares with the huge unsigned form of a position's length, and so it never matches.
    return kind === 'position' ? { op: Op.SET, set: NOTHING } : { op: Op.BACK, arg };
  }

  #single(): Item {
    const source = this.#source;
    const at = this.#at;
    const end = this.#classEnd(at);
    if (typeof end !== 'number') return end;
    this.#at = end + 1;
    switch (source[end]) {
      case '*':
        return { op: Op.STAR, set: singleSet(source, at, end) };
      case '+':
        return { op: Op.PLUS, set: singleSet(source, at, end) };
      case '-':
        return { op: Op.MINUS, set: singleSet(source, at, end) };
      case '?':
        return { op: Op.MAYBE, set: singleSet(source, at, end) };
    }
    this.#at = end;
    const set = singleSet(source, at, end);
    const byte = set.indexOf(1);
    return byte >= 0 && set.indexOf(1, byte + 1) < 0
      ? { op: Op.CHAR, arg: byte }
      : { op: Op.SET, set };
  }

  /** Where the class that begins at `at` ends. */
  #classEnd(at: number): number | Item {
    const source = this.#source;
    const end = source.length;
    if (source[at] === '%') {
      return at + 1 < end ? at + 2 : this.#error("malformed pattern (ends with '%')");
    }
    if (source[at] !== '[') return at + 1;
    let i = source[at + 1] === '^' ? at + 2 : at + 1;
    // At least one byte is taken before `]` counts: `[]]` is the set of `]`.
    do {
      if (i >= end) return this.#error("malformed pattern (missing ']')");
      if (source[i] === '%' && i + 1 < end) i += 1;
      i += 1;
    } while (source[i] !== ']');
    return i + 1;
  }

  #error(message: string): Item {
    this.errors.push(message);
    return { op: Op.ERROR, arg: this.errors.length - 1 };
  }
}

function singleSet(source: string, at: number, end: number): ByteSet {
  switch (source[at]) {
    case '.':
      return ANY;
    case '%':
      return classSet(source.charCodeAt(at + 1));
    case '[':
      return bracketSet(source, at, end - 1);
    default:
      return byteSet(source.charCodeAt(at));
  }
}

/** The set from `[` at `at` to `]` at `end`. */
function bracketSet(source: string, at: number, end: number): ByteSet {
  const negated = source[at + 1] === '^';
  const set = new Uint8Array(256);
  for (let i = negated ? at + 2 : at + 1; i < end; i++) {
    if (source[i] === '%') {
      i += 1;
      const members = classSet(source.charCodeAt(i));
      for (let c = 0; c < 256; c++) if (members[c] === 1) set[c] = 1;
    } else if (source[i + 1] === '-' && i + 2 < end) {
      set.fill(1, source.charCodeAt(i), source.charCodeAt(i + 2) + 1);
      i += 2;
    } else {
      set[source.charCodeAt(i)] = 1;
    }
  }
  return negated ? set.map((member) => 1 - member) : set;
}

/** LUA_MAXCAPTURES. */
const MAX_CAPTURES = 32;
const NOTHING: ByteSet = new Uint8Array(256);
