import type { CompileCosts } from '../compile-costs.ts';
import type { Chunk, Proto, Site } from '../function.ts';
import { OPERATOR } from '../runtime.ts';
import type { CallExpr, Expr, FunctionNode } from '../syntax/ast.ts';
import type { Local } from '../syntax/scope.ts';

type EmitFunction = (chunk: ChunkEmitter, node: FunctionNode) => number;
type EmitExpression = (e: Emitter, expr: Expr) => string;

/** What the functions of one chunk share while code is made for them. */
export class ChunkEmitter {
  readonly chunk: Chunk & { sites: Site[] };
  readonly functions: string[] = [];
  readonly protos: Proto[] = [];
  readonly constants: string[] = [];
  readonly costs: CompileCosts;
  /** Pairs of variables of one function, all functions together. */
  crowding = 0;
  #hints = 0;
  readonly emitFunction: EmitFunction;
  readonly emitExpression: EmitExpression;

  constructor(
    chunk: Chunk & { sites: Site[] },
    costs: CompileCosts,
    emitFunction: EmitFunction,
    emitExpression: EmitExpression,
  ) {
    this.chunk = chunk;
    this.costs = costs;
    this.emitFunction = emitFunction;
    this.emitExpression = emitExpression;
  }

  /** A variable that remembers where in a table's hash part a field was last found. */
  hint(): string {
    this.#hints += 1;
    return `$h${this.#hints}`;
  }

  get hints(): number {
    return this.#hints;
  }

  /** A place that remembers how a method was last found. */
  method(): string {
    const name = `$m${this.constants.length}`;
    this.constants.push(`${name}=new MC()`);
    return name;
  }
}

/** Makes names for one JavaScript function. No name of the script appears in the code: only numbers and JSON strings. */
export class Emitter {
  readonly chunk: ChunkEmitter;
  readonly node: FunctionNode;
  readonly #vars = new Set<string>();
  #temps = 0;
  #labels = 0;
  #zero: string | undefined;
  /** Labels of the loops around, for `break`. */
  readonly loops: { label: string; used: boolean }[] = [];
  /** How to reach the Lua labels in sight. */
  readonly targets = new Map<string, string>();

  constructor(chunk: ChunkEmitter, node: FunctionNode) {
    this.chunk = chunk;
    this.node = node;
  }

  get vars(): string[] {
    return [...this.#vars];
  }

  /** An expression as JavaScript that gives one value. */
  emit(expr: Expr): string {
    return this.chunk.emitExpression(this, expr);
  }

  /** The variable of a local; declared for the whole JavaScript function, as closures never share it. */
  local(local: Local): string {
    const name = `v${local.id}`;
    this.#vars.add(name);
    return name;
  }

  /** 0 or -0 as a literal: PUC keeps one constant for both in a function, with the sign of the first. */
  zero(negative: boolean): string {
    this.#zero ??= negative ? '(-0)' : '(0)';
    return this.#zero;
  }

  /** A variable for an intermediate value, free again after `release` of a mark taken before. */
  temp(): string {
    this.#temps += 1;
    const name = `t${this.#temps}`;
    this.#vars.add(name);
    return name;
  }

  mark(): number {
    return this.#temps;
  }

  release(mark: number): void {
    this.#temps = mark;
  }

  /** A variable of its own, for what a loop keeps across its body. */
  own(prefix: string): string {
    this.#labels += 1;
    const name = `${prefix}${this.#labels}`;
    this.#vars.add(name);
    return name;
  }

  label(): string {
    this.#labels += 1;
    return `L${this.#labels}`;
  }

  site(site: Site): number {
    return this.chunk.chunk.sites.push(site) - 1;
  }

  /** The site of an operation on `left` (and `right`). */
  operator(line: number, left: Expr, right?: Expr): number {
    const [what, name] = nameOf(left);
    const [what2, name2] = right === undefined ? ['', ''] : nameOf(right);
    return this.site({ line, what, name, what2, name2, argc: OPERATOR });
  }

  /** The site of a call. */
  call(call: CallExpr, argc: number): number {
    const { line } = call;
    const [what, name] = call.kind === 'method' ? ['method', call.name] : nameOf(call.callee);
    return this.site({ line, what, name, what2: '', name2: '', argc });
  }
}

/** How messages name the value of an expression: its kind and name, or nothing. */
export function nameOf(expr: Expr): [what: string, name: string] {
  switch (expr.kind) {
    case 'local':
      return ['local', expr.local.name];
    case 'upvalue':
      return ['upvalue', expr.local.name];
    case 'global':
      return ['global', expr.name];
    case 'index':
      return ['field', expr.key.kind === 'string' ? expr.key.value : '?'];
    case 'paren':
      return nameOf(expr.inner);
    case 'logic':
      return outcome(expr.left, expr.op) === (expr.op === 'and') ? nameOf(expr.right) : ['', ''];
    default:
      return ['', ''];
  }
}

/**
 * Where PUC ends up when it looks for the name of a value in the code of `expr`, an operand of `op`: it follows every forward jump, so
 * that the first test decides. True: where `expr` counts as true.
 */
function outcome(expr: Expr, op: 'and' | 'or'): boolean {
  switch (expr.kind) {
    case 'paren':
      return outcome(expr.inner, op);
    case 'logic':
      return outcome(expr.left, expr.op) === (expr.op === 'and')
        ? outcome(expr.right, op)
        : expr.op === 'or';
    case 'nil':
    case 'false':
      return false;
    case 'true':
    case 'number':
    case 'string':
      return true;
    default:
      return op === 'or';
  }
}

/** Whether an expression can give any number of values. */
export function isOpen(expr: Expr | undefined): boolean {
  return (
    expr !== undefined && (expr.kind === 'call' || expr.kind === 'method' || expr.kind === 'vararg')
  );
}
