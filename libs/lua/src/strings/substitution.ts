import type { Runtime } from '../runtime.ts';
import { type LuaValue, typeName } from '../value.ts';
import { matchEnd, search } from './match.ts';
import type { Pattern } from './pattern.ts';

/** The matches of a `gsub`, one after the other, and the text that comes out of replacing them. */
export class Substitution {
  /** The present match. */
  from = 0;
  to = 0;
  count = 0;
  readonly #rt: Runtime;
  readonly #subject: string;
  readonly #pattern: Pattern;
  readonly #limit: number;
  #next = 0;
  #copied = 0;
  #grown = 0;
  #out = '';

  constructor(rt: Runtime, subject: string, pattern: Pattern, limit: number) {
    this.#rt = rt;
    this.#subject = subject;
    this.#pattern = pattern;
    this.#limit = limit;
  }

  /** Goes to the next match; false when there is none, or enough were replaced. */
  advance(): boolean {
    const size = this.#subject.length;
    if (this.count >= this.#limit || this.#next > size) return false;
    const from = search(this.#pattern, this.#subject, this.#next, this.#rt);
    if (from < 0) return false;
    this.from = from;
    this.to = matchEnd;
    this.count += 1;
    // After an empty match one byte stays as it is.
    if (this.#pattern.anchored) this.#next = size + 1;
    else this.#next = matchEnd > from ? matchEnd : from + 1;
    return true;
  }

  /** Puts `text` in the place of the present match. */
  replace(text: string): void {
    if (this.#copied < this.from) this.#out += this.#subject.slice(this.#copied, this.from);
    this.#out += text;
    this.#copied = this.to;
    if (this.#out.length - this.#grown > UNACCOUNTED) this.#account();
  }

  /** Replaces by what a table or function gave: text or number; nil and false keep the match. */
  replaceBy(value: LuaValue): void {
    if (typeof value === 'string') this.replace(value);
    else if (typeof value === 'number') this.replace(this.#rt.numberText(value));
    else if (value !== undefined && value !== false) {
      throw this.#rt.error(`invalid replacement value (a ${typeName(value)})`);
    }
  }

  /** The whole text and the number of matches: what `gsub` returns. */
  results(): LuaValue[] {
    if (this.#copied === 0 && this.#out === '') return [this.#subject, this.count];
    this.#out += this.#subject.slice(this.#copied);
    this.#account();
    return [this.#out, this.count];
  }

  #account(): void {
    this.#rt.grow(this.#out.length - this.#grown);
    this.#grown = this.#out.length;
  }
}

const UNACCOUNTED = 65_536;
