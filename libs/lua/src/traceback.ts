import { Builtin, LuaFunction } from './function.ts';
import { OPERATOR, type Runtime } from './runtime.ts';

/** Entries shown at the top and the bottom of a long traceback. */
const TOP = 12;
const BOTTOM = 10;

/** The calls from `depth` down, in the words of `debug.traceback`, without its message. */
export function traceback(rt: Runtime, depth: number): string {
  const lines: string[] = [];
  for (let d = depth; d > 0; d -= 1) lines.push(`\t${entry(rt, d)}`);
  if (lines.length > TOP + BOTTOM) lines.splice(TOP, lines.length - TOP - BOTTOM, '\t...');
  return ['stack traceback:', ...lines].join('\n');
}

function entry(rt: Runtime, depth: number): string {
  const fn = rt.fns[depth];
  const caller = rt.siteAt(depth - 1);
  const name = caller !== undefined && caller.argc !== OPERATOR ? caller.name : '';
  if (fn instanceof Builtin) return name === '' ? '[C]: ?' : `[C]: in function '${name}'`;
  if (!(fn instanceof LuaFunction)) return '[C]: ?';
  const { proto } = fn;
  if ((rt.pos[depth] ?? 0) < 0) return '(tail call): ?';
  const line = rt.siteAt(depth)?.line ?? proto.line;
  const where = `${proto.chunk.shortSource}:${line}:`;
  if (proto.line === 0) return `${where} in main chunk`;
  return name === ''
    ? `${where} in function <${proto.chunk.shortSource}:${proto.line}>`
    : `${where} in function '${name}'`;
}
