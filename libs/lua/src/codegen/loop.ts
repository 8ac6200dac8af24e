import type { Block, Stat } from '../syntax/ast.ts';
import { emitMany } from './call.ts';
import { type Emitter, isOpen } from './emitter.ts';
import { emit } from './expression.ts';
import { folded, isNumber } from './operand.ts';

/** How PUC names the iterator in messages about its arguments. */
const GENERATOR = '(for generator)';

type EmitBlock = (e: Emitter, block: Block) => string;

const TICK = 'if(--rt.fuel<0)rt.tick();';

/** A loop with the given head; counts its rounds. */
export function emitLoop(e: Emitter, head: string, body: Block, emitBlock: EmitBlock): string {
  const loop = { label: e.label(), used: false };
  e.loops.push(loop);
  const code = emitBlock(e, body);
  e.loops.pop();
  return `${loop.used ? `${loop.label}:` : ''}${head}{${TICK}${code}}`;
}

export function emitFor(
  e: Emitter,
  stat: Extract<Stat, { kind: 'for' }>,
  emitBlock: EmitBlock,
): string {
  const { local } = stat;
  local.numeric = !local.assigned;
  const i = e.own('i');
  const limit = e.own('n');
  let code = `${i}=${emit(e, stat.start)};${limit}=${emit(e, stat.limit)};`;
  let step = '1';
  let constant = 1;
  if (stat.step !== undefined) {
    // 0 when it isn't known before, as for a step that is 0: then both directions are tried each round.
    constant = folded(stat.step) ?? 0;
    step = e.own('s');
    code += `${step}=${emit(e, stat.step)};`;
  }
  const known =
    isNumber(stat.start) &&
    isNumber(stat.limit) &&
    (stat.step === undefined || isNumber(stat.step));
  if (!known) {
    const site = e.operator(stat.line, { kind: 'nil', line: stat.line });
    const names = [i, limit, step].filter((name) => name !== '1');
    code += `if(${names.map((name) => `typeof ${name}!=='number'`).join('||')}){r=prep(rt,${i},${limit},${step},${site});${i}=r[0];${limit}=r[1];${step === '1' ? '' : `${step}=r[2];`}}`;
  }
  const test =
    constant > 0
      ? `${i}<=${limit}`
      : constant < 0
        ? `${i}>=${limit}`
        : `${step}>0?${i}<=${limit}:${i}>=${limit}`;
  const variable = local.boxed ? `${e.local(local)}=new BX(${i});` : `${e.local(local)}=${i};`;
  return (
    code +
    emitLoop(
      e,
      `for(;${test};${i}+=${step})`,
      stat.body,
      (inner, body) => variable + emitBlock(inner, body),
    )
  );
}

/** A generic `for`. Over `pairs` and `ipairs` of a table it walks the table itself instead of calling `next`. */
export function emitForIn(
  e: Emitter,
  stat: Extract<Stat, { kind: 'forin' }>,
  emitBlock: EmitBlock,
): string {
  const f = e.own('f');
  const s = e.own('s');
  const c = e.own('c');
  const w = e.own('w');
  const names = [f, s, c];
  let code = '';
  stat.values.forEach((value, i) => {
    const open = i === stat.values.length - 1 && isOpen(value) && i < 2;
    if (open) {
      const t = e.temp();
      code += `${t}=${emitMany(e, value)};`;
      for (let j = i; j < 3; j += 1) code += `${names[j]}=${t}[${j - i}];`;
    } else code += i < 3 ? `${names[i]}=${emit(e, value)};` : `${emit(e, value)};`;
  });
  const given = stat.values.length;
  if (!isOpen(stat.values.at(-1)) || given >= 3) {
    for (let j = given; j < 3; j += 1) code += `${names[j]}=undefined;`;
  }
  const site = e.site({
    line: stat.line,
    what: 'local',
    name: GENERATOR,
    what2: '',
    name2: '',
    argc: 2,
  });
  code += `${w}=walk(rt,${f},${s},${c});`;
  const [first, second, ...others] = stat.locals;
  const set = (local: typeof first, value: string): string => {
    if (local === undefined) return '';
    const name = e.local(local);
    return local.boxed ? `${name}=new BX(${value});` : `${name}=${value};`;
  };
  const plain = others.map((local) => set(local, 'undefined')).join('');
  const results = e.own('q');
  const several = stat.locals
    .slice(1)
    .map((local, index) => set(local, `${results}[${index + 1}]`))
    .join('');
  const single = stat.locals
    .slice(1)
    .map((local) => set(local, 'undefined'))
    .join('');
  const call =
    `ps[d]=${site};r=${f} instanceof LF?(r=(g=${f}.code(${f},${s},${c})).next()).done?r.value:yield*rest(g,r.value):` +
    `${f} instanceof BF?${f}.fn(rt,${s},${c}):yield*call(rt,${f},[${s},${c}]);` +
    'if(r instanceof SP)r=yield*fin(rt,r);';
  const head =
    `if(${w}!==null){if(!${w}.step())break;${set(first, `${w}.key`)}${set(second, `${w}.value`)}${plain}}` +
    `else{${call}if(Array.isArray(r)){${results}=r;${c}=r[0];if(${c}===undefined)break;${set(first, c)}${several}}` +
    `else{if(r===undefined)break;${c}=r;${set(first, c)}${single}}}`;
  return code + emitLoop(e, 'for(;;)', stat.body, (inner, body) => head + emitBlock(inner, body));
}
