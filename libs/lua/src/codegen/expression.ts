import { OPERATOR } from '../runtime.ts';
import type { Expr } from '../syntax/ast.ts';
import { emitCall, emitMany } from './call.ts';
import { type Emitter, isOpen, nameOf } from './emitter.ts';
import { folded, isComparison, isNumber, keep } from './operand.ts';

/** An expression as JavaScript that gives one value. */
export function emit(e: Emitter, expr: Expr): string {
  switch (expr.kind) {
    case 'nil':
      return 'undefined';
    case 'true':
    case 'false':
      return expr.kind;
    case 'number':
      return emitNumber(e, expr.value);
    case 'string':
      return JSON.stringify(expr.value);
    case 'vararg':
      return 'va[0]';
    case 'local':
      return expr.local.boxed ? `${e.local(expr.local)}.v` : e.local(expr.local);
    case 'upvalue':
      return expr.local.boxed ? `u${expr.index}.v` : `u${expr.index}`;
    case 'global':
      return emitField(e, '$.env', expr.name, e.operator(expr.line, expr));
    case 'index':
      return emitIndex(e, expr);
    case 'function':
      return emitClosure(e, expr.fn.scope.upvalues, e.chunk.emitFunction(e.chunk, expr.fn));
    case 'paren':
      return emit(e, expr.inner);
    case 'call':
    case 'method':
      return `(Array.isArray(r=${emitCall(e, expr)})?r instanceof SP?one(yield*fin(rt,r)):r[0]:r)`;
    case 'logic': {
      const mark = e.mark();
      const left = emit(e, expr.left);
      const t = e.temp();
      const right = emit(e, expr.right);
      e.release(mark);
      return expr.op === 'and'
        ? `((${t}=${left})===undefined||${t}===false?${t}:${right})`
        : `((${t}=${left})!==undefined&&${t}!==false?${t}:${right})`;
    }
    case 'unary':
      return emitUnary(e, expr);
    case 'concat':
      return emitConcat(e, expr.parts, expr.line);
    case 'binary':
      return isComparison(expr.op) ? emitComparison(e, expr) : emitArithmetic(e, expr);
    case 'table':
      return emitTable(e, expr);
  }
}

/** In brackets, so that a property may follow. */
function emitNumber(e: Emitter, value: number): string {
  return value === 0 ? e.zero(Object.is(value, -0)) : `(${value})`;
}

/** A condition as a JavaScript boolean. */
export function emitCondition(e: Emitter, expr: Expr): string {
  switch (expr.kind) {
    case 'true':
    case 'number':
    case 'string':
    case 'function':
    case 'table':
      return expr.kind === 'table' || expr.kind === 'function' ? `(${emit(e, expr)},true)` : 'true';
    case 'nil':
    case 'false':
      return 'false';
    case 'paren':
      return emitCondition(e, expr.inner);
    case 'binary':
      if (isComparison(expr.op)) return emitComparison(e, expr);
      break;
    case 'logic': {
      const left = emitCondition(e, expr.left);
      const right = emitCondition(e, expr.right);
      return `(${left}${expr.op === 'and' ? '&&' : '||'}${right})`;
    }
    case 'unary':
      if (expr.op === 'not') return `!${emitCondition(e, expr.operand)}`;
      break;
  }
  const mark = e.mark();
  const value = emit(e, expr);
  const t = e.temp();
  e.release(mark);
  return `((${t}=${value})!==undefined&&${t}!==false)`;
}

function emitField(e: Emitter, object: string, name: string, pos: number): string {
  const mark = e.mark();
  const o = e.temp();
  const v = e.temp();
  e.release(mark);
  const key = JSON.stringify(name);
  const h = e.chunk.hint();
  return (
    `((${o}=${object})instanceof LT&&(${o}.keys[${h}]===${key}||${o}.keys[${h}=${o}.place(${key})]===${key})` +
    `&&(${v}=${o}.vals[${h}])!==undefined?${v}:(${v}=look(rt,${o},${key}))!==MISS?${v}:yield*index(rt,${o},${key},${pos}))`
  );
}

function emitIndex(e: Emitter, expr: Extract<Expr, { kind: 'index' }>): string {
  const mark = e.mark();
  const pos = e.operator(expr.line, expr.object);
  if (expr.key.kind === 'string') {
    return emitField(e, emit(e, expr.object), expr.key.value, pos);
  }
  const [first, o] = keep(e, expr.object);
  const [second, k] = keep(e, expr.key);
  const v = e.temp();
  e.release(mark);
  const number = isNumber(expr.key) ? '' : `typeof ${k}==='number'&&`;
  return (
    `(${first}${second}${o} instanceof LT&&${number}${k}>0&&${k}<=${o}.arr.length&&(${v}=${o}.arr[${k}-1])!==undefined?${v}:` +
    `(${v}=look(rt,${o},${k}))!==MISS?${v}:yield*index(rt,${o},${k},${pos}))`
  );
}

export function emitClosure(
  e: Emitter,
  upvalues: readonly { local: { boxed: boolean }; outer: number }[],
  index: number,
): string {
  const captured = upvalues.map((upvalue) =>
    upvalue.outer >= 0
      ? `u${upvalue.outer}`
      : e.local(upvalue.local as Parameters<Emitter['local']>[0]),
  );
  return `new LF(F${index},rt,$.env,[${captured.join()}],P[${index}])`;
}

function emitUnary(e: Emitter, expr: Extract<Expr, { kind: 'unary' }>): string {
  if (expr.op === 'not') return `!${emitCondition(e, expr.operand)}`;
  const constant = folded(expr);
  if (constant !== undefined) return emitNumber(e, constant);
  if (expr.op === '-' && isNumber(expr.operand)) return `(-${emit(e, expr.operand)})`;
  const mark = e.mark();
  const [code, v] = keep(e, expr.operand);
  e.release(mark);
  const pos = e.operator(expr.line, expr.operand);
  if (expr.op === '-') return `(${code}typeof ${v}==='number'?-${v}:yield*unm(rt,${v},${pos}))`;
  return (
    `(${code}${v} instanceof LT&&${v}.mt===null?${v}.arr.length:` +
    `typeof ${v}==='string'?${v}.length:yield*len(rt,${v},${pos}))`
  );
}

/** Both operands, locals read when the operation happens, as Lua's registers are. */
function operands(e: Emitter, left: Expr, right: Expr): [code: string, a: string, b: string] {
  const [first, a] = left.kind === 'local' ? ['', emit(e, left)] : keep(e, left);
  const [second, b] = right.kind === 'local' ? ['', emit(e, right)] : keep(e, right);
  return [first + second, a, b];
}

function emitArithmetic(e: Emitter, expr: Extract<Expr, { kind: 'binary' }>): string {
  const { op, left, right } = expr;
  const constant = folded(expr);
  if (constant !== undefined) return emitNumber(e, constant);
  const mark = e.mark();
  const [code, a, b] = operands(e, left, right);
  e.release(mark);
  const fast =
    op === '%'
      ? `${a}-Math.floor(${a}/${b})*${b}`
      : op === '^'
        ? `Math.pow(${a},${b})`
        : `${a}${op}${b}`;
  const checks = [isNumber(left) ? '' : a, isNumber(right) ? '' : b]
    .filter((name) => name !== '')
    .map((name) => `typeof ${name}==='number'`);
  if (checks.length === 0) return `(${code}${fast})`;
  const pos = e.operator(expr.line, left, right);
  return `(${code}${checks.join('&&')}?${fast}:yield*arith(rt,'${op}',${a},${b},${pos}))`;
}

const LITERALS = new Set(['nil', 'true', 'false', 'number', 'string']);

function emitComparison(e: Emitter, expr: Extract<Expr, { kind: 'binary' }>): string {
  const { op, left, right } = expr;
  const mark = e.mark();
  const [code, a, b] = operands(e, left, right);
  e.release(mark);
  if (op === '==' || op === '~=') {
    const sign = op === '==' ? '===' : '!==';
    if (LITERALS.has(left.kind) || LITERALS.has(right.kind)) return `(${code}${a}${sign}${b})`;
    const pos = e.operator(expr.line, left, right);
    const equal = `(${a}===${b}||mayEq(${a},${b})&&(yield*eq(rt,${a},${b},${pos})))`;
    return op === '==' ? `(${code}${equal})` : `(${code}!${equal})`;
  }
  const checks = [isNumber(left) ? '' : a, isNumber(right) ? '' : b]
    .filter((name) => name !== '')
    .map((name) => `typeof ${name}==='number'`);
  if (checks.length === 0) return `(${code}${a}${op}${b})`;
  const pos = e.operator(expr.line, left, right);
  const slow = op === '<' || op === '>' ? 'lt' : 'le';
  // `a > b` is `b < a`, also for metamethods.
  const swapped = op === '>' || op === '>=' ? `${b},${a}` : `${a},${b}`;
  return `(${code}${checks.join('&&')}?${a}${op}${b}:yield*${slow}(rt,${swapped},${pos}))`;
}

function emitConcat(e: Emitter, parts: Expr[], line: number): string {
  const mark = e.mark();
  let code = '';
  const names: string[] = [];
  const texts: string[] = [];
  const checks: string[] = [];
  for (const part of parts) {
    const [first, name] = keep(e, part);
    code += first;
    names.push(name);
    if (part.kind === 'string') {
      texts.push(name);
      continue;
    }
    const t = e.temp();
    texts.push(t);
    checks.push(`(${t}=typeof ${name}==='string'?${name}:str(rt,${name}))!==undefined`);
  }
  const t = e.temp();
  e.release(mark);
  const whats = parts.map((part) => nameOf(part)[0]).join('\n');
  const whole = parts.map((part) => nameOf(part)[1]).join('\n');
  const pos = e.site({ line, what: whats, name: whole, what2: '', name2: '', argc: OPERATOR });
  const joined = `(${t}=${texts.join('+')}).length>4096?long(rt,${t}):${t}`;
  if (checks.length === 0) return `(${joined})`;
  return `(${code}${checks.join('&&')}?${joined}:yield*concat(rt,[${names.join()}],${pos}))`;
}

function emitTable(e: Emitter, expr: Extract<Expr, { kind: 'table' }>): string {
  const { items } = expr;
  if (items.length === 0) return 'new LT()';
  const last = items.at(-1);
  const list = items.filter((item) => item.key === undefined);
  const open =
    last !== undefined && last.key === undefined && isOpen(last.value) ? last : undefined;
  if (list.length === items.length) {
    const values = list.map((item) =>
      item === open ? `...${emitMany(e, item.value)}` : item.value,
    );
    return `LT.list([${values.map((v) => (typeof v === 'string' ? v : emit(e, v))).join()}])`;
  }
  const mark = e.mark();
  const t = e.temp();
  const keys = items.map((item) => item.key);
  const plain = keys.every((key) => key?.kind === 'string');
  const distinct = new Set(keys.map((key) => (key?.kind === 'string' ? key.value : key)));
  // A record: its keys are shared by all tables made here. Nil values only hold their key's place.
  if (plain && distinct.size === keys.length) {
    const shape = `$s${e.chunk.constants.length}`;
    const names = keys.map((key) => (key?.kind === 'string' ? JSON.stringify(key.value) : ''));
    e.chunk.constants.push(`${shape}=shape([${names.join()}])`);
    const values = items.map((item) => emit(e, item.value));
    e.release(mark);
    return `LT.shaped(${shape},[${values.join()}])`;
  }
  let code = `${t}=new LT(),`;
  let place = 0;
  for (const item of items) {
    const inner = e.mark();
    if (item.key !== undefined) {
      const [first, k] = keep(e, item.key);
      const pos = e.operator(item.line, { kind: 'nil', line: item.line });
      code += `${first}put(rt,${t},${k},${emit(e, item.value)},${pos}),`;
    } else if (item === open) {
      code += `append(${t},${place},${emitMany(e, item.value)}),`;
    } else {
      place += 1;
      code += `${t}.set(${place},${emit(e, item.value)}),`;
    }
    e.release(inner);
  }
  e.release(mark);
  return `(${code}${t})`;
}
