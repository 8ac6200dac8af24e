import type { CompileCosts } from '../compile-costs.ts';
import type { Assignable, Block, CallExpr, Expr, FunctionNode, Stat } from './ast.ts';
import { Cursor } from './cursor.ts';
import {
  isCall,
  parseBody,
  parseExpression,
  parseList,
  parsePrimary,
  parseVariable,
} from './expression.ts';
import { EOS, Lexer, NAME } from './lexer.ts';
import { FunctionScope } from './scope.ts';

/** Left sides of one assignment that PUC's parser bears. */
const MAX_TARGETS = 200;

/**
 * Parses a whole source text (a byte string); throws `LuaSyntaxError`. `chunk` is its name in messages; `labels`: with `goto`,
 * which 5.1 hasn't.
 */
export function parseChunk(
  source: string,
  chunk: string,
  labels: boolean,
  costs: CompileCosts,
): FunctionNode {
  const lexer = new Lexer(source, chunk, costs);
  const scope = new FunctionScope(undefined, true, 0);
  scope.open(false);
  const cursor = new Cursor(lexer, scope, labels, parseStatements);
  lexer.next();
  const body = parseStatements(cursor);
  cursor.check(EOS);
  scope.close();
  return { scope, params: [], vararg: true, arg: undefined, body, line: 0, lastLine: 0 };
}

function parseStatements(cursor: Cursor): Block {
  const stats: Stat[] = [];
  cursor.enter();
  while (!cursor.blockEnds()) {
    const last = cursor.kind === 'return' || cursor.kind === 'break';
    stats.push(statement(cursor));
    cursor.accept(';');
    if (last) break;
  }
  cursor.leave();
  return { stats };
}

/** Statements in a scope of their own. */
function block(cursor: Cursor, loop: boolean): Block {
  cursor.fn.open(loop);
  const body = parseStatements(cursor);
  cursor.fn.close();
  return body;
}

function statement(cursor: Cursor): Stat {
  const { lexer } = cursor;
  const { line, kind } = lexer;
  switch (kind) {
    case 'if':
      return conditional(cursor, line);
    case 'while': {
      lexer.next();
      const condition = parseExpression(cursor);
      cursor.expect('do');
      const body = block(cursor, true);
      cursor.close('end', 'while', line);
      return { kind: 'while', condition, body, line };
    }
    case 'do': {
      lexer.next();
      const body = block(cursor, false);
      cursor.close('end', 'do', line);
      return { kind: 'do', body, line };
    }
    case 'for':
      return loop(cursor, line);
    case 'repeat': {
      lexer.next();
      cursor.fn.open(true);
      cursor.fn.open(false);
      const body = parseStatements(cursor);
      cursor.close('until', 'repeat', line);
      const condition = parseExpression(cursor);
      cursor.fn.close();
      cursor.fn.close();
      return { kind: 'repeat', body, condition, line };
    }
    case 'function':
      return functionStatement(cursor, line);
    case 'local':
      lexer.next();
      return cursor.accept('function') ? localFunction(cursor, line) : localStatement(cursor, line);
    case 'return': {
      lexer.next();
      const values = cursor.blockEnds() || cursor.kind === ';' ? [] : parseList(cursor);
      return { kind: 'return', values, line };
    }
    case 'break':
      lexer.next();
      if (!cursor.fn.inLoop) throw lexer.error('no loop to break');
      return { kind: 'break', line };
    case ':':
      if (cursor.labels && lexer.lookahead() === ':') return label(cursor, line);
      break;
    case NAME:
      if (cursor.labels && lexer.text === 'goto' && lexer.lookahead() === NAME)
        return jump(cursor, line);
      break;
  }
  return expressionStatement(cursor, line);
}

function conditional(cursor: Cursor, line: number): Stat {
  const clauses: { condition: Expr; body: Block }[] = [];
  do {
    cursor.lexer.next();
    const condition = parseExpression(cursor);
    cursor.expect('then');
    clauses.push({ condition, body: block(cursor, false) });
  } while (cursor.kind === 'elseif');
  const orelse = cursor.accept('else') ? block(cursor, false) : undefined;
  cursor.close('end', 'if', line);
  return { kind: 'if', clauses, orelse, line };
}

function loop(cursor: Cursor, line: number): Stat {
  const { fn, lexer } = cursor;
  lexer.next();
  const names = [cursor.name()];
  if (lexer.kind === '=') {
    lexer.next();
    const start = parseExpression(cursor);
    cursor.expect(',');
    const limit = parseExpression(cursor);
    const step = cursor.accept(',') ? parseExpression(cursor) : undefined;
    const { line: doLine } = lexer;
    cursor.expect('do');
    fn.open(true);
    const local = cursor.declare(names[0] as string);
    const body = block(cursor, false);
    fn.close();
    cursor.close('end', 'for', line);
    return { kind: 'for', local, start, limit, step, body, line: doLine };
  }
  if (lexer.kind !== ',' && lexer.kind !== 'in') throw lexer.error("'=' or 'in' expected");
  while (cursor.accept(',')) names.push(cursor.name());
  cursor.expect('in');
  const values = parseList(cursor);
  cursor.expect('do');
  fn.open(true);
  const locals = names.map((name) => cursor.declare(name));
  const body = block(cursor, false);
  fn.close();
  cursor.close('end', 'for', line);
  return { kind: 'forin', locals, values, body, line };
}

function functionStatement(cursor: Cursor, line: number): Stat {
  const { lexer } = cursor;
  lexer.next();
  let target = parseVariable(cursor) as Assignable;
  let method = false;
  while (!method && (lexer.kind === '.' || lexer.kind === ':')) {
    method = lexer.kind === ':';
    lexer.next();
    const key: Expr = { kind: 'string', value: cursor.name(), line: lexer.line };
    target = { kind: 'index', object: target, key, line: lexer.line };
  }
  const fn = parseBody(cursor, method, line);
  markAssigned(target);
  return { kind: 'assign', targets: [target], values: [{ kind: 'function', fn, line }], line };
}

function localFunction(cursor: Cursor, line: number): Stat {
  const local = cursor.declare(cursor.name());
  const fn: FunctionNode = parseBody(cursor, false, line);
  return { kind: 'localfunction', local, fn, line };
}

function localStatement(cursor: Cursor, line: number): Stat {
  const names = [cursor.name()];
  while (cursor.accept(',')) names.push(cursor.name());
  const values = cursor.accept('=') ? parseList(cursor) : [];
  return { kind: 'local', locals: names.map((name) => cursor.declare(name)), values, line };
}

function label(cursor: Cursor, line: number): Stat {
  const { lexer } = cursor;
  lexer.next();
  lexer.next();
  const name = cursor.name();
  cursor.expect(':');
  cursor.expect(':');
  if (!cursor.fn.label(name)) throw lexer.error(`label '${name}' already defined`);
  return { kind: 'label', label: name, line };
}

function jump(cursor: Cursor, line: number): Stat {
  const { lexer, fn } = cursor;
  lexer.next();
  const name = cursor.name();
  fn.jump(name, () => lexer.errorAt(`no visible label '${name}' for goto at line ${line}`));
  return { kind: 'goto', label: name, line };
}

function expressionStatement(cursor: Cursor, line: number): Stat {
  const { lexer } = cursor;
  const first = parsePrimary(cursor);
  if (isCall(first)) return { kind: 'call', call: first as CallExpr, line };
  const targets = [assignable(cursor, first)];
  while (lexer.kind === ',') {
    lexer.next();
    targets.push(assignable(cursor, parsePrimary(cursor)));
    if (targets.length > MAX_TARGETS) throw lexer.errorAt('too many variables in assignment');
  }
  cursor.expect('=');
  const values = parseList(cursor);
  for (const target of targets) markAssigned(target);
  return { kind: 'assign', targets, values, line: lexer.lastLine };
}

function assignable(cursor: Cursor, expr: Expr): Assignable {
  switch (expr.kind) {
    case 'local':
    case 'upvalue':
    case 'global':
    case 'index':
      return expr;
    default:
      throw cursor.lexer.error('syntax error');
  }
}

function markAssigned(target: Assignable): void {
  if (target.kind === 'local' || target.kind === 'upvalue') target.local.assigned = true;
}
