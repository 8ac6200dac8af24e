import type { FunctionScope, Local } from './scope.ts';

export type Expr =
  | { kind: 'nil' | 'true' | 'false' | 'vararg'; line: number }
  | { kind: 'number'; value: number; line: number }
  | { kind: 'string'; value: string; line: number }
  | { kind: 'function'; fn: FunctionNode; line: number }
  | { kind: 'local'; local: Local; line: number }
  | { kind: 'upvalue'; index: number; local: Local; line: number }
  | { kind: 'global'; name: string; line: number }
  | { kind: 'index'; object: Expr; key: Expr; line: number }
  | { kind: 'call'; callee: Expr; args: Expr[]; line: number }
  | { kind: 'method'; object: Expr; name: string; args: Expr[]; line: number; nameLine: number }
  | { kind: 'binary'; op: BinaryOp; left: Expr; right: Expr; line: number }
  | { kind: 'logic'; op: 'and' | 'or'; left: Expr; right: Expr; line: number }
  | { kind: 'concat'; parts: Expr[]; line: number }
  | { kind: 'unary'; op: 'not' | '-' | '#'; operand: Expr; line: number }
  | { kind: 'paren'; inner: Expr; line: number }
  | { kind: 'table'; items: TableItem[]; line: number };

export type BinaryOp = '+' | '-' | '*' | '/' | '%' | '^' | '==' | '~=' | '<' | '<=' | '>' | '>=';

/** `key` absent: the next place of the list. */
export interface TableItem {
  readonly key: Expr | undefined;
  readonly value: Expr;
  /** Where it ends. */
  readonly line: number;
}

export type Assignable = Extract<Expr, { kind: 'local' | 'upvalue' | 'global' | 'index' }>;
export type CallExpr = Extract<Expr, { kind: 'call' | 'method' }>;

export type Stat =
  | { kind: 'local'; locals: Local[]; values: Expr[]; line: number }
  | { kind: 'assign'; targets: Assignable[]; values: Expr[]; line: number }
  | { kind: 'call'; call: CallExpr; line: number }
  | { kind: 'localfunction'; local: Local; fn: FunctionNode; line: number }
  | { kind: 'do'; body: Block; line: number }
  | { kind: 'while'; condition: Expr; body: Block; line: number }
  | { kind: 'repeat'; body: Block; condition: Expr; line: number }
  | {
      kind: 'if';
      clauses: { condition: Expr; body: Block }[];
      orelse: Block | undefined;
      line: number;
    }
  | {
      kind: 'for';
      local: Local;
      start: Expr;
      limit: Expr;
      step: Expr | undefined;
      body: Block;
      line: number;
    }
  | { kind: 'forin'; locals: Local[]; values: Expr[]; body: Block; line: number }
  | { kind: 'return'; values: Expr[]; line: number }
  | { kind: 'break'; line: number }
  | { kind: 'goto'; label: string; line: number }
  | { kind: 'label'; label: string; line: number };

export interface Block {
  readonly stats: Stat[];
}

export interface FunctionNode {
  readonly scope: FunctionScope;
  readonly params: Local[];
  readonly vararg: boolean;
  /** The `arg` table of Lua 5.0, in functions that take `...` and never mention it. */
  readonly arg: Local | undefined;
  readonly body: Block;
  readonly line: number;
  readonly lastLine: number;
}
