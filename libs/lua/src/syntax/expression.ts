import type { BinaryOp, CallExpr, Expr, FunctionNode, TableItem } from './ast.ts';
import type { Cursor } from './cursor.ts';
import { NAME, NUMBER, STRING } from './lexer.ts';
import { FunctionScope, type Local } from './scope.ts';

/** Left and right binding power of the binary operators. */
const PRIORITY: Record<string, readonly [number, number]> = {
  or: [1, 1],
  and: [2, 2],
  '<': [3, 3],
  '>': [3, 3],
  '<=': [3, 3],
  '>=': [3, 3],
  '~=': [3, 3],
  '==': [3, 3],
  '..': [5, 4],
  '+': [6, 6],
  '-': [6, 6],
  '*': [7, 7],
  '/': [7, 7],
  '%': [7, 7],
  '^': [10, 9],
};
const UNARY = 8;

export function parseExpression(cursor: Cursor): Expr {
  return subexpression(cursor, 0);
}

export function parseList(cursor: Cursor): Expr[] {
  const list = [parseExpression(cursor)];
  while (cursor.accept(',')) list.push(parseExpression(cursor));
  return list;
}

function subexpression(cursor: Cursor, limit: number): Expr {
  cursor.enter();
  const { lexer } = cursor;
  let left: Expr;
  if (lexer.kind === 'not' || lexer.kind === '-' || lexer.kind === '#') {
    const op = lexer.kind;
    lexer.next();
    const operand = subexpression(cursor, UNARY);
    left = { kind: 'unary', op, operand, line: lexer.lastLine };
  } else left = simple(cursor);
  for (;;) {
    const op = lexer.kind;
    const priority = PRIORITY[op];
    if (priority === undefined || priority[0] <= limit) break;
    lexer.next();
    const right = subexpression(cursor, priority[1]);
    // Operators raise their errors on the line where their right operand ends.
    left = combine(op, left, right, lexer.lastLine);
  }
  cursor.leave();
  return left;
}

function combine(op: string, left: Expr, right: Expr, line: number): Expr {
  if (op === 'and' || op === 'or') return { kind: 'logic', op, left, right, line };
  if (op === '..') {
    // Right-associative: `a .. b .. c` is one operation on three operands, as in Lua's virtual machine.
    const parts = right.kind === 'concat' ? [left, ...right.parts] : [left, right];
    return { kind: 'concat', parts, line };
  }
  return { kind: 'binary', op: op as BinaryOp, left, right, line };
}

function simple(cursor: Cursor): Expr {
  const { lexer } = cursor;
  const { line, kind } = lexer;
  switch (kind) {
    case NUMBER: {
      const { value } = lexer;
      lexer.next();
      return { kind: 'number', value, line };
    }
    case STRING: {
      const value = lexer.text;
      lexer.next();
      return { kind: 'string', value, line };
    }
    case 'nil':
    case 'true':
    case 'false':
      lexer.next();
      return { kind, line };
    case '...':
      if (!cursor.fn.vararg) throw lexer.error("cannot use '...' outside a vararg function");
      cursor.fn.usesVararg = true;
      lexer.next();
      return { kind: 'vararg', line };
    case '{':
      return table(cursor);
    case 'function':
      lexer.next();
      return { kind: 'function', fn: parseBody(cursor, false, line), line };
    default:
      return parsePrimary(cursor);
  }
}

/** The use of a name as a variable. */
export function parseVariable(cursor: Cursor): Expr {
  const { line } = cursor.lexer;
  const name = cursor.name();
  const found = cursor.fn.resolve(name);
  if (found.kind === 'local') return { kind: 'local', local: found.local, line };
  if (found.kind === 'global') return { kind: 'global', name, line };
  cursor.checkUpvalues();
  return { kind: 'upvalue', index: found.index, local: found.local, line };
}

/** A prefix with its indexes and calls. */
export function parsePrimary(cursor: Cursor): Expr {
  const { lexer } = cursor;
  let left: Expr;
  if (lexer.kind === NAME) left = parseVariable(cursor);
  else if (lexer.kind === '(') {
    const { line } = lexer;
    lexer.next();
    const inner = parseExpression(cursor);
    cursor.close(')', '(', line);
    left = { kind: 'paren', inner, line };
  } else throw lexer.error('unexpected symbol');
  for (;;) {
    const { line } = lexer;
    switch (cursor.kind) {
      case '.': {
        lexer.next();
        const key: Expr = { kind: 'string', value: cursor.name(), line };
        left = { kind: 'index', object: left, key, line: lexer.lastLine };
        break;
      }
      case '[':
        left = { kind: 'index', object: left, key: bracketed(cursor), line: lexer.lastLine };
        break;
      case ':': {
        // `f() ::label::`
        if (cursor.labels && lexer.lookahead() === ':') return left;
        lexer.next();
        const name = cursor.name();
        const at = { line: lexer.line, nameLine: lexer.lastLine };
        left = { kind: 'method', object: left, name, args: callArguments(cursor), ...at };
        break;
      }
      case '(':
      case STRING:
      case '{':
        left = { kind: 'call', callee: left, args: callArguments(cursor), line };
        break;
      default:
        return left;
    }
  }
}

export function isCall(expr: Expr): expr is CallExpr {
  return expr.kind === 'call' || expr.kind === 'method';
}

function bracketed(cursor: Cursor): Expr {
  cursor.lexer.next();
  const key = parseExpression(cursor);
  cursor.expect(']');
  return key;
}

function callArguments(cursor: Cursor): Expr[] {
  const { lexer } = cursor;
  const { line } = lexer;
  if (lexer.kind === STRING) {
    const value = lexer.text;
    lexer.next();
    return [{ kind: 'string', value, line }];
  }
  if (lexer.kind === '{') return [table(cursor)];
  if (lexer.kind !== '(') throw lexer.error('function arguments expected');
  if (line !== lexer.lastLine) {
    throw lexer.error('ambiguous syntax (function call x new statement)');
  }
  lexer.next();
  if (cursor.accept(')')) return [];
  const args = parseList(cursor);
  cursor.close(')', '(', line);
  return args;
}

function table(cursor: Cursor): Expr {
  const { lexer } = cursor;
  const { line } = lexer;
  cursor.expect('{');
  const items: TableItem[] = [];
  while (lexer.kind !== '}') {
    if (lexer.kind === NAME && lexer.lookahead() === '=') {
      const key: Expr = { kind: 'string', value: cursor.name(), line: lexer.line };
      lexer.next();
      items.push({ key, value: parseExpression(cursor), line: lexer.lastLine });
    } else if (lexer.kind === '[') {
      const key = bracketed(cursor);
      cursor.expect('=');
      items.push({ key, value: parseExpression(cursor), line: lexer.lastLine });
    } else {
      items.push({ key: undefined, value: parseExpression(cursor), line: lexer.lastLine });
    }
    if (!cursor.accept(',') && !cursor.accept(';')) break;
  }
  cursor.close('}', '{', line);
  return { kind: 'table', items, line };
}

/** Parameters and body, after `function` (and its name); `method` adds `self`. */
export function parseBody(cursor: Cursor, method: boolean, line: number): FunctionNode {
  const { lexer } = cursor;
  const outer = cursor.fn;
  const names: string[] = method ? ['self'] : [];
  let vararg = false;
  cursor.expect('(');
  if (lexer.kind !== ')') {
    do {
      if (lexer.kind === NAME) names.push(cursor.name());
      else if (cursor.accept('...')) vararg = true;
      else throw lexer.error("<name> or '...' expected");
    } while (!vararg && cursor.accept(','));
  }
  const scope = new FunctionScope(outer, vararg, line);
  scope.open(false);
  cursor.fn = scope;
  const params: Local[] = names.map((name) => cursor.declare(name));
  const arg = vararg ? cursor.declare('arg') : undefined;
  cursor.expect(')');
  const body = cursor.block(cursor);
  const lastLine = lexer.line;
  cursor.close('end', 'function', line);
  scope.close();
  cursor.fn = outer;
  return {
    scope,
    params,
    vararg,
    arg: scope.usesVararg ? undefined : arg,
    body,
    line,
    lastLine,
  };
}
