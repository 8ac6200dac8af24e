import type { Block } from './ast.ts';
import { EOS, type Lexer, NAME } from './lexer.ts';
import type { FunctionScope, Local } from './scope.ts';

/** Nesting of syntax that PUC's parser bears (LUAI_MAXCCALLS). */
const MAX_LEVELS = 200;
const MAX_LOCALS = 200;
const MAX_UPVALUES = 60;

/** What the parts of the parser share: the lexer, the function being parsed, and the checks both use. */
export class Cursor {
  readonly lexer: Lexer;
  fn: FunctionScope;
  /** Parses statements up to the end of a block; set by the statement parser, for function bodies in expressions. */
  readonly block: (cursor: Cursor) => Block;
  /** Whether there are `goto` and labels. */
  readonly labels: boolean;
  #levels = 0;

  constructor(lexer: Lexer, fn: FunctionScope, labels: boolean, block: (cursor: Cursor) => Block) {
    this.labels = labels;
    this.lexer = lexer;
    this.fn = fn;
    this.block = block;
  }

  get kind(): string {
    return this.lexer.kind;
  }

  enter(): void {
    this.#levels += 1;
    if (this.#levels > MAX_LEVELS) {
      throw this.lexer.errorAt('chunk has too many syntax levels');
    }
  }

  leave(): void {
    this.#levels -= 1;
  }

  /** Skips the present token if it is `kind`. */
  accept(kind: string): boolean {
    if (this.lexer.kind !== kind) return false;
    this.lexer.next();
    return true;
  }

  check(kind: string): void {
    if (this.lexer.kind !== kind) throw this.lexer.error(`'${kind}' expected`);
  }

  expect(kind: string): void {
    this.check(kind);
    this.lexer.next();
  }

  /** Expects what closes `opener` of `line`. */
  close(kind: string, opener: string, line: number): void {
    if (this.accept(kind)) return;
    if (line === this.lexer.line) throw this.lexer.error(`'${kind}' expected`);
    throw this.lexer.error(`'${kind}' expected (to close '${opener}' at line ${line})`);
  }

  name(): string {
    if (this.lexer.kind !== NAME) throw this.lexer.error(`'${NAME}' expected`);
    const name = this.lexer.text;
    this.lexer.next();
    return name;
  }

  /** Whether a block ends here. */
  blockEnds(): boolean {
    switch (this.lexer.kind) {
      case 'else':
      case 'elseif':
      case 'end':
      case 'until':
      case EOS:
        return true;
      default:
        return false;
    }
  }

  declare(name: string): Local {
    if (this.fn.active >= MAX_LOCALS) throw this.#limit(MAX_LOCALS, 'local variables');
    return this.fn.declare(name);
  }

  /** After resolving a name in the present function. */
  checkUpvalues(): void {
    if (this.fn.upvalues.length > MAX_UPVALUES) throw this.#limit(MAX_UPVALUES, 'upvalues');
  }

  #limit(limit: number, what: string): Error {
    const { line } = this.fn;
    return this.lexer.errorAt(
      line === 0
        ? `main function has more than ${limit} ${what}`
        : `function at line ${line} has more than ${limit} ${what}`,
    );
  }
}
