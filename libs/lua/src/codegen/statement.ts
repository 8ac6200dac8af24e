import type { Block, Expr, Stat } from '../syntax/ast.ts';
import type { Local } from '../syntax/scope.ts';
import { emitAssignment } from './assignment.ts';
import { emitCall, emitMany, emitTailCall } from './call.ts';
import { type Emitter, isOpen } from './emitter.ts';
import { emit, emitClosure, emitCondition } from './expression.ts';
import { emitFor, emitForIn, emitLoop } from './loop.ts';
import { isNumber } from './operand.ts';

/** What making code for a statement costs beside a step of a script. */
const STEPS_PER_STATEMENT = 30;

/** A block's statements. */
export function emitBlock(e: Emitter, block: Block): string {
  const { stats } = block;
  const labels = stats.filter((stat) => stat.kind === 'label');
  if (labels.length === 0) return stats.map((stat) => emitStatement(e, stat)).join('');
  return emitLabelled(e, stats);
}

/** A block with labels becomes a switch in a loop, so that `goto` can reach any of its labels. */
function emitLabelled(e: Emitter, stats: readonly Stat[]): string {
  const outer = new Map(e.targets);
  const loop = e.label();
  const state = e.own('g');
  let places = 0;
  for (const stat of stats) {
    if (stat.kind !== 'label') continue;
    places += 1;
    e.targets.set(stat.label, `{${state}=${places};continue ${loop}}`);
  }
  let code = `${state}=0;${loop}:for(;;){if(--rt.fuel<0)rt.tick();switch(${state}){case 0:`;
  places = 0;
  for (const stat of stats) {
    if (stat.kind === 'label') {
      places += 1;
      code += `case ${places}:`;
    } else code += emitStatement(e, stat);
  }
  e.targets.clear();
  for (const [label, target] of outer) e.targets.set(label, target);
  return `${code}}break ${loop}}`;
}

function emitStatement(e: Emitter, stat: Stat): string {
  const mark = e.mark();
  const code = statement(e, stat);
  e.chunk.costs.spend(STEPS_PER_STATEMENT);
  e.release(mark);
  return code;
}

function statement(e: Emitter, stat: Stat): string {
  switch (stat.kind) {
    case 'local':
      return emitLocal(e, stat.locals, stat.values);
    case 'assign':
      return emitAssignment(e, stat);
    case 'call':
      return `if((r=${emitCall(e, stat.call)})instanceof SP)yield*fin(rt,r);`;
    case 'localfunction': {
      const { local } = stat;
      const name = e.local(local);
      const { upvalues } = stat.fn.scope;
      const index = e.chunk.emitFunction(e.chunk, stat.fn);
      if (local.boxed) {
        return `${name}=new BX(undefined);${name}.v=${emitClosure(e, upvalues, index)};`;
      }
      // Not boxed: the closure's upvalue for itself is set after it was made.
      const self = upvalues.findIndex((upvalue) => upvalue.local === local && upvalue.outer < 0);
      const patch = self < 0 ? '' : `${name}.ups[${self}]=${name};`;
      return `${name}=${emitClosure(e, upvalues, index)};${patch}`;
    }
    case 'do':
      return emitBlock(e, stat.body);
    case 'if':
      return emitIf(e, stat);
    case 'while': {
      const condition = emitCondition(e, stat.condition);
      return emitLoop(
        e,
        condition === 'true' ? 'for(;;)' : `while(${condition})`,
        stat.body,
        emitBlock,
      );
    }
    case 'repeat':
      return emitLoop(e, 'for(;;)', stat.body, (inner, body) => {
        const code = emitBlock(inner, body);
        return `${code}if(${emitCondition(inner, stat.condition)})break;`;
      });
    case 'for':
      return emitFor(e, stat, emitBlock);
    case 'forin':
      return emitForIn(e, stat, emitBlock);
    case 'return':
      return emitReturn(e, stat.values);
    case 'break': {
      const loop = e.loops.at(-1);
      if (loop === undefined) throw new Error('break outside a loop got past the parser');
      loop.used = true;
      return `break ${loop.label};`;
    }
    case 'goto':
      return e.targets.get(stat.label) ?? '';
    case 'label':
      return '';
  }
}

function emitIf(e: Emitter, stat: Extract<Stat, { kind: 'if' }>): string {
  let code = '';
  for (const clause of stat.clauses) {
    const mark = e.mark();
    code += `${code === '' ? '' : 'else '}if(${emitCondition(e, clause.condition)}){`;
    e.release(mark);
    code += `${emitBlock(e, clause.body)}}`;
  }
  return stat.orelse === undefined ? code : `${code}else{${emitBlock(e, stat.orelse)}}`;
}

/** What declares a local with a value. */
function declare(e: Emitter, local: Local, value: string): string {
  return local.boxed ? `${e.local(local)}=new BX(${value});` : `${e.local(local)}=${value};`;
}

function emitLocal(e: Emitter, locals: Local[], values: Expr[]): string {
  const [only] = locals;
  if (locals.length === 1 && values.length <= 1 && only !== undefined) {
    const [value] = values;
    if (value !== undefined && !only.assigned && isNumber(value)) only.numeric = true;
    return declare(e, only, value === undefined ? 'undefined' : emit(e, value));
  }
  let code = '';
  const names: string[] = [];
  values.forEach((value, i) => {
    const t = e.own('x');
    if (i === values.length - 1 && i < locals.length - 1 && isOpen(value)) {
      code += `${t}=${emitMany(e, value)};`;
      for (let j = i; j < locals.length; j += 1) names.push(`${t}[${j - i}]`);
    } else {
      code += `${t}=${emit(e, value)};`;
      names.push(t);
    }
  });
  locals.forEach((local, i) => {
    code += declare(e, local, names[i] ?? 'undefined');
  });
  return code;
}

function emitReturn(e: Emitter, values: Expr[]): string {
  const [only] = values;
  if (only === undefined) return 'rt.depth=d-1;return NONE;';
  if (values.length > 1) {
    const parts = values.map((value, i) =>
      i === values.length - 1 && isOpen(value) ? `...${emitMany(e, value)}` : emit(e, value),
    );
    return `r=[${parts.join()}];rt.depth=d-1;return r;`;
  }
  if (only.kind === 'call' || only.kind === 'method') return emitTailCall(e, only);
  if (only.kind === 'vararg') return 'rt.depth=d-1;return va;';
  return `r=${emit(e, only)};rt.depth=d-1;return r;`;
}
