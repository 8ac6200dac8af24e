import type { CallExpr, Expr } from '../syntax/ast.ts';
import { type Emitter, isOpen } from './emitter.ts';
import { isSteady, keep } from './operand.ts';

/** Code that evaluates callee and arguments, and how to name them after it. */
interface Prepared {
  readonly code: string;
  readonly f: string;
  readonly args: string;
  readonly pos: number;
}

function prepare(e: Emitter, call: CallExpr): Prepared {
  let code = '';
  const names: string[] = [];
  const f = e.temp();
  const open = isOpen(call.args.at(-1)) ? call.args.at(-1) : undefined;
  const fixed = call.args.length - (open === undefined ? 0 : 1);
  if (call.kind === 'method') {
    const [first, o] = keep(e, call.object);
    const cache = e.chunk.method();
    const site = e.operator(call.nameLine, call.object);
    const name = JSON.stringify(call.name);
    code += `${first}(${f}=method(rt,${o},${name},${cache}))===MISS&&(${f}=yield*index(rt,${o},${name},${site})),`;
    names.push(o);
  } else code += `${f}=${e.emit(call.callee)},`;
  for (const arg of call.args.slice(0, fixed)) code += argument(e, arg, names);
  const argc = open === undefined ? names.length : -1;
  if (open !== undefined) {
    const t = e.temp();
    code += `${t}=${emitMany(e, open)},rt.argc=${names.length}+${t}.length,`;
    names.push(`...${t}`);
  }
  const pos = e.call(call, argc);
  return { code, f, args: names.join(), pos };
}

function argument(e: Emitter, arg: Expr, names: string[]): string {
  if (isSteady(arg)) {
    names.push(e.emit(arg));
    return '';
  }
  const code = e.emit(arg);
  const t = e.temp();
  names.push(t);
  return `${t}=${code},`;
}

const withArgs = (args: string): string => (args === '' ? '' : `,${args}`);

/** A call whose result may still be special. */
export function emitCall(e: Emitter, call: CallExpr): string {
  const mark = e.mark();
  const { code, f, args, pos } = prepare(e, call);
  e.release(mark);
  return (
    `(${code}ps[d]=${pos},${f} instanceof LF?(r=(g=${f}.code(${f}${withArgs(args)})).next()).done?r.value:yield*rest(g,r.value):` +
    `${f} instanceof BF?${f}.fn(rt${withArgs(args)}):yield*call(rt,${f},[${args}]))`
  );
}

/**
 * `return f(...)`. The callee runs in place of this function: nested while there is room, which is quick, and in the
 * caller's hands when there isn't. Its frame is marked as a tail call by a negative position.
 */
export function emitTailCall(e: Emitter, call: CallExpr): string {
  const mark = e.mark();
  const { code, f, args, pos } = prepare(e, call);
  e.release(mark);
  return (
    `${code}r;if(${f} instanceof LF){if(d>=rt.limit-8){rt.depth=d-1;return new TC(${f},[${args}])}` +
    `ps[d]=-${pos};r=(g=${f}.code(${f}${withArgs(args)})).next();r=r.done?r.value:yield*rest(g,r.value)}` +
    `else{ps[d]=${pos};r=${f} instanceof BF?${f}.fn(rt${withArgs(args)}):yield*call(rt,${f},[${args}]);` +
    'if(r instanceof SP)r=yield*fin(rt,r)}rt.depth=d-1;return r;'
  );
}

/** An expression that can give any number of values, as an array that must not be written to. */
export function emitMany(e: Emitter, expr: Expr): string {
  if (expr.kind === 'vararg') return 'va';
  if (expr.kind !== 'call' && expr.kind !== 'method') return `[${e.emit(expr)}]`;
  return `(Array.isArray(r=${emitCall(e, expr)})?r instanceof SP?many(yield*fin(rt,r)):r:[r])`;
}
