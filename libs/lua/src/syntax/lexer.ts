import type { CompileCosts } from '../compile-costs.ts';
import { LuaSyntaxError } from '../errors.ts';
import { textToNumber } from '../strings/text-number.ts';

/** Kinds of token that carry text; every other token's kind is the token itself. */
export type TokenKind = string;
export const NAME = '<name>';
export const STRING = '<string>';
export const NUMBER = '<number>';
export const EOS = '<eof>';

const KEYWORDS = new Set(
  (
    'and break do else elseif end false for function if in local nil not or repeat return then true until ' +
    'while'
  ).split(' '),
);

const isAlpha = (c: number): boolean => (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95;
const isDigit = (c: number): boolean => c >= 48 && c <= 57;
const isNewline = (c: number): boolean => c === 10 || c === 13;

/** Bytes between two times that the work is accounted for, and what reading and parsing one costs beside a step of a script. */
const STRETCH = 1024;
const STEPS_PER_BYTE = 4;

const ESCAPES: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** Splits Lua source (a byte string) into tokens, one ahead of the parser at most. */
export class Lexer {
  kind: TokenKind = EOS;
  /** Of names and strings their text; else empty. */
  text = '';
  value = 0;
  line = 1;
  /** Line of the token before the present one. */
  lastLine = 1;
  readonly #source: string;
  readonly #chunk: string;
  readonly #costs: CompileCosts;
  #at = 0;
  /** Where the work so far is accounted for next. */
  #account = STRETCH;
  /** The present token as it is quoted in messages. */
  #raw = '';
  #ahead: { kind: TokenKind; text: string; value: number; raw: string } | undefined;

  constructor(source: string, chunk: string, costs: CompileCosts) {
    this.#source = source;
    this.#chunk = chunk;
    this.#costs = costs;
  }

  /** Moves to the next token. */
  next(): void {
    this.lastLine = this.line;
    const ahead = this.#ahead;
    if (ahead !== undefined) {
      this.kind = ahead.kind;
      this.text = ahead.text;
      this.value = ahead.value;
      this.#raw = ahead.raw;
      this.#ahead = undefined;
      return;
    }
    this.text = '';
    this.kind = this.#lex();
  }

  /** The kind of the token after the present one. */
  lookahead(): TokenKind {
    if (this.#ahead !== undefined) return this.#ahead.kind;
    const present = { kind: this.kind, text: this.text, value: this.value, raw: this.#raw };
    this.text = '';
    const kind = this.#lex();
    this.#ahead = { kind, text: this.text, value: this.value, raw: this.#raw };
    this.kind = present.kind;
    this.text = present.text;
    this.value = present.value;
    this.#raw = present.raw;
    return kind;
  }

  /** `message near 'present token'`, with chunk and line. */
  error(message: string): LuaSyntaxError {
    const { kind } = this;
    const quoted =
      kind === NAME || kind === STRING || kind === NUMBER ? this.#raw : printable(kind);
    return this.#fail(message, quoted);
  }

  /** The same without a token. */
  errorAt(message: string): LuaSyntaxError {
    return this.#fail(message, undefined);
  }

  #fail(message: string, near: string | undefined): LuaSyntaxError {
    // C's texts end at a zero byte, and token 0 is no token.
    const quoted = near?.startsWith('\0') ? undefined : near?.split('\0', 1)[0];
    const tail = quoted === undefined ? '' : ` near '${quoted}'`;
    return new LuaSyntaxError(`${this.#chunk}:${this.line}: ${message}${tail}`);
  }

  #peek(offset = 0): number {
    return this.#source.charCodeAt(this.#at + offset);
  }

  /** To be called now and then, and at least once for each token. */
  #worked(): void {
    if (this.#at < this.#account) return;
    this.#costs.spend((this.#at - this.#account + STRETCH) * STEPS_PER_BYTE);
    this.#account = this.#at + STRETCH;
  }

  #newline(): void {
    const first = this.#peek();
    this.#at += 1;
    const second = this.#peek();
    if (isNewline(second) && second !== first) this.#at += 1;
    this.line += 1;
  }

  #lex(): TokenKind {
    const source = this.#source;
    for (;;) {
      this.#worked();
      if (this.#at >= source.length) return EOS;
      const c = this.#peek();
      if (isNewline(c)) {
        this.#newline();
        continue;
      }
      if (c === 32 || c === 9 || c === 11 || c === 12) {
        this.#at += 1;
        continue;
      }
      if (isAlpha(c)) return this.#word();
      if (isDigit(c)) return this.#number();
      const char = source.charAt(this.#at);
      switch (char) {
        case '-':
          if (this.#peek(1) !== 45) return this.#take('-');
          this.#comment();
          continue;
        case '[': {
          const level = this.#bracketLevel();
          if (level >= 0) return this.#longString(level, 'string');
          if (level === -1) return this.#take('[');
          throw this.#fail(
            'invalid long string delimiter',
            source.slice(this.#at, this.#at - level),
          );
        }
        case '=':
        case '<':
        case '>':
        case '~':
          if (this.#peek(1) === 61) return this.#take(`${char}=`);
          return this.#take(char);
        case '"':
        case "'":
          return this.#string(char);
        case '.':
          if (source.startsWith('...', this.#at)) return this.#take('...');
          if (source.startsWith('..', this.#at)) return this.#take('..');
          if (isDigit(this.#peek(1))) return this.#number();
          return this.#take('.');
        default:
          return this.#take(char);
      }
    }
  }

  #take(token: string): TokenKind {
    this.#at += token.length;
    return token;
  }

  #word(): TokenKind {
    const start = this.#at;
    let c: number;
    do {
      this.#at += 1;
      c = this.#peek();
    } while (isAlpha(c) || isDigit(c));
    const word = this.#source.slice(start, this.#at);
    if (KEYWORDS.has(word)) return word;
    this.text = word;
    this.#raw = word;
    return NAME;
  }

  #number(): TokenKind {
    const start = this.#at;
    while (isDigit(this.#peek()) || this.#peek() === 46) this.#at += 1;
    if ((this.#peek() | 32) === 101) {
      this.#at += 1;
      if (this.#peek() === 43 || this.#peek() === 45) this.#at += 1;
    }
    while (isAlpha(this.#peek()) || isDigit(this.#peek())) this.#at += 1;
    const raw = this.#source.slice(start, this.#at);
    const value = textToNumber(raw);
    if (value === undefined) throw this.#fail('malformed number', raw);
    this.value = value;
    this.#raw = raw;
    return NUMBER;
  }

  /** At `[`: the number of `=` if a long bracket opens here, -1 if it is only `[`, -(n+2) after `[==` without the second bracket. */
  #bracketLevel(): number {
    let i = 1;
    while (this.#peek(i) === 61) i += 1;
    if (this.#peek(i) === 91) return i - 1;
    return i === 1 ? -1 : -i;
  }

  #comment(): void {
    this.#at += 2;
    if (this.#peek() === 91) {
      const level = this.#bracketLevel();
      if (level >= 0) {
        this.#longString(level, 'comment');
        this.text = '';
        return;
      }
    }
    while (this.#at < this.#source.length && !isNewline(this.#peek())) {
      this.#at += 1;
      this.#worked();
    }
  }

  #longString(level: number, what: 'string' | 'comment'): TokenKind {
    const source = this.#source;
    const opening = this.#at;
    this.#at += level + 2;
    if (isNewline(this.#peek())) this.#newline();
    const close = `]${'='.repeat(level)}]`;
    let text = '';
    let from = this.#at;
    for (;;) {
      this.#worked();
      if (this.#at >= source.length) throw this.#fail(`unfinished long ${what}`, EOS);
      const c = this.#peek();
      if (isNewline(c)) {
        text += `${source.slice(from, this.#at)}\n`;
        this.#newline();
        from = this.#at;
      } else if (c === 93 && source.startsWith(close, this.#at)) {
        text += source.slice(from, this.#at);
        this.#at += close.length;
        this.text = text;
        this.#raw = source.slice(opening, this.#at);
        return STRING;
      } else if (level === 0 && c === 91 && this.#peek(1) === 91) {
        throw this.#fail('nesting of [[...]] is deprecated', '[');
      } else this.#at += 1;
    }
  }

  #string(quote: string): TokenKind {
    const source = this.#source;
    const close = quote.charCodeAt(0);
    let text = '';
    this.#at += 1;
    let from = this.#at;
    for (;;) {
      this.#worked();
      if (this.#at >= source.length) throw this.#fail('unfinished string', EOS);
      const c = this.#peek();
      if (c !== close && c !== 92 && !isNewline(c)) {
        this.#at += 1;
        continue;
      }
      text += source.slice(from, this.#at);
      if (c === close) break;
      if (c !== 92) throw this.#fail('unfinished string', quote + text);
      text += this.#escape(quote + text);
      from = this.#at;
    }
    this.#at += 1;
    this.text = text;
    this.#raw = quote + text + quote;
    return STRING;
  }

  #escape(sofar: string): string {
    this.#at += 1;
    if (this.#at >= this.#source.length) return '';
    const c = this.#peek();
    const char = this.#source.charAt(this.#at);
    if (isNewline(c)) {
      this.#newline();
      return '\n';
    }
    if (!isDigit(c)) {
      this.#at += 1;
      return ESCAPES[char] ?? char;
    }
    let code = 0;
    for (let i = 0; i < 3 && isDigit(this.#peek()); i += 1) {
      code = code * 10 + this.#peek() - 48;
      this.#at += 1;
    }
    if (code > 255) throw this.#fail('escape sequence too large', sofar);
    return String.fromCharCode(code);
  }
}

/** A token as messages quote it: luaX_token2str. */
function printable(token: string): string {
  const c = token.charCodeAt(0);
  return token.length === 1 && c > 0 && (c < 32 || c === 127) ? `char(${c})` : token;
}
