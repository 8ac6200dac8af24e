import type { Assignable, Expr, Stat } from '../syntax/ast.ts';
import { emitMany } from './call.ts';
import { type Emitter, isOpen } from './emitter.ts';
import { emit } from './expression.ts';
import { isNumber, isSteady, keep } from './operand.ts';

/** A target whose table and key have been evaluated. */
type Store = (value: string) => string;

export function emitAssignment(e: Emitter, stat: Extract<Stat, { kind: 'assign' }>): string {
  const [target] = stat.targets;
  const [value] = stat.values;
  if (stat.targets.length === 1 && stat.values.length === 1 && target && value) {
    const [code, store] = prepare(e, target, stat.line);
    const steady = target.kind === 'local' || target.kind === 'upvalue' || isSteady(value);
    if (steady) return code + store(emit(e, value));
    const emitted = emit(e, value);
    const t = e.temp();
    return `${code}${t}=${emitted};${store(t)}`;
  }
  let code = '';
  const stores: Store[] = [];
  for (const each of stat.targets) {
    const [first, store] = prepare(e, each, stat.line);
    code += first;
    stores.push(store);
  }
  const names: string[] = [];
  stat.values.forEach((each, i) => {
    const open = i === stat.values.length - 1 && i < stat.targets.length - 1 && isOpen(each);
    const emitted = open ? emitMany(e, each) : emit(e, each);
    const t = e.temp();
    code += `${t}=${emitted};`;
    if (!open) names.push(t);
    else for (let j = i; j < stat.targets.length; j += 1) names.push(`${t}[${j - i}]`);
  });
  // Lua assigns from the last target to the first.
  for (let i = stores.length - 1; i >= 0; i -= 1) code += stores[i]?.(names[i] ?? 'undefined');
  return code;
}

function prepare(e: Emitter, target: Assignable, line: number): [code: string, store: Store] {
  switch (target.kind) {
    case 'local': {
      const name = e.local(target.local);
      return ['', (value) => `${target.local.boxed ? `${name}.v` : name}=${value};`];
    }
    case 'upvalue':
      return ['', (value) => `u${target.index}.v=${value};`];
    case 'global': {
      const o = e.temp();
      const pos = e.operator(line, target);
      return ['', (value) => `${o}=$.env;${field(e, o, target.name, value, pos)}`];
    }
    case 'index': {
      const [first, o] = kept(e, target.object);
      const pos = e.operator(line, target.object);
      if (target.key.kind === 'string') {
        const name = target.key.value;
        return [first, (value) => field(e, o, name, value, pos)];
      }
      const [second, k] = kept(e, target.key);
      const number = isNumber(target.key) ? '' : `typeof ${k}==='number'&&`;
      return [
        first + second,
        (value) =>
          `if(${o} instanceof LT&&${number}${k}>0&&${k}<=${o}.arr.length&&${value}!==undefined&&${o}.arr[${k}-1]!==undefined)${o}.arr[${k}-1]=${value};` +
          `else if(${o} instanceof LT&&${o}.mt===null&&${number === '' ? '' : `(typeof ${k}==='string'||`}${k}===${k}&&${k}!==undefined${number === '' ? '' : ')'})${o}.set(${k},${value});` +
          `else yield*setindex(rt,${o},${k},${value},${pos});`,
      ];
    }
  }
}

function kept(e: Emitter, expr: Expr): [code: string, name: string] {
  const [code, name] = keep(e, expr);
  // A local that the same statement assigns to must be read before.
  if (code === '' && expr.kind === 'local' && expr.local.assigned) {
    const t = e.temp();
    return [`${t}=${name};`, t];
  }
  return [code === '' ? '' : `${code.slice(0, -1)};`, name];
}

function field(e: Emitter, o: string, name: string, value: string, pos: number): string {
  const key = JSON.stringify(name);
  const h = e.chunk.hint();
  return (
    `if(${o} instanceof LT&&${o}.keys[${h}]===${key}&&${o}.vals[${h}]!==undefined)${o}.vals[${h}]=${value};` +
    `else if(${o} instanceof LT&&${o}.mt===null)${h}=${o}.put(${key},${value});` +
    `else yield*setindex(rt,${o},${key},${value},${pos});`
  );
}
