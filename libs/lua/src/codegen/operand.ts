import type { BinaryOp, Expr } from '../syntax/ast.ts';
import type { Emitter } from './emitter.ts';

/** Whether evaluating it can neither be observed nor changed by evaluating something else. */
export function isSteady(expr: Expr): boolean {
  switch (expr.kind) {
    case 'nil':
    case 'true':
    case 'false':
    case 'number':
    case 'string':
      return true;
    case 'local':
    case 'upvalue':
      return !expr.local.boxed;
    default:
      return false;
  }
}

/** Whether the value is known to be a number. */
export function isNumber(expr: Expr): boolean {
  switch (expr.kind) {
    case 'number':
      return true;
    case 'local':
      return expr.local.numeric;
    case 'upvalue':
      return expr.local.numeric && !expr.local.boxed;
    case 'paren':
      return isNumber(expr.inner);
    case 'unary':
      return expr.op === '-' && isNumber(expr.operand);
    case 'binary':
      return !isComparison(expr.op) && isNumber(expr.left) && isNumber(expr.right);
    default:
      return false;
  }
}

/** The code that keeps `expr` for use more than once, and the name to use: nothing and itself when steady. */
export function keep(e: Emitter, expr: Expr): [code: string, name: string] {
  if (isSteady(expr)) return ['', e.emit(expr)];
  const code = e.emit(expr);
  const t = e.temp();
  return [`${t}=${code},`, t];
}

export function isComparison(op: BinaryOp): boolean {
  return op.endsWith('=') || op === '<' || op === '>';
}
