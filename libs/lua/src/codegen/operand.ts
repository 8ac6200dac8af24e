import { COMPUTE } from '../compute.ts';
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

/** The value of an expression of constants, where PUC's compiler computes it too; undefined elsewhere. */
export function folded(expr: Expr): number | undefined {
  switch (expr.kind) {
    case 'number':
      return expr.value;
    case 'paren':
      return folded(expr.inner);
    case 'unary': {
      const operand = expr.op === '-' ? folded(expr.operand) : undefined;
      return operand === undefined ? undefined : -operand;
    }
    case 'binary':
      return foldedBinary(expr);
    default:
      return undefined;
  }
}

function foldedBinary(expr: Extract<Expr, { kind: 'binary' }>): number | undefined {
  const { op } = expr;
  if (isComparison(op)) return undefined;
  const left = folded(expr.left);
  const right = left === undefined ? undefined : folded(expr.right);
  if (left === undefined || right === undefined) return undefined;
  if (right === 0 && (op === '/' || op === '%')) return undefined;
  const value = COMPUTE[op as keyof typeof COMPUTE](left, right);
  return Number.isNaN(value) ? undefined : value;
}
