import { Builtin, LuaFunction } from './function.ts';
import { OPERATOR, type Runtime } from './runtime.ts';
import type { LuaThread } from './thread.ts';

/** Entries shown at the top and the bottom of a long traceback. */
const TOP = 12;
const BOTTOM = 10;

/** The calls of the running thread from `depth` down, in the words of `debug.traceback`, without its message. */
export function traceback(rt: Runtime, depth: number): string {
  return threadTraceback(rt, rt.thread, depth, false);
}

/** The same of any thread; `builtin`: with an entry for the library function that asks. */
export function threadTraceback(
  rt: Runtime,
  thread: LuaThread,
  depth: number,
  builtin: boolean,
): string {
  const lines: string[] = [];
  if (builtin) lines.push("\t[C]: in function 'traceback'");
  const from = builtin ? Math.min(depth, rt.callerDepth()) : depth;
  for (let d = from; d > 0; d -= 1) lines.push(`\t${entry(thread, d)}`);
  if (thread.main) lines.push('\t[C]: ?');
  if (lines.length > TOP + BOTTOM) lines.splice(TOP, lines.length - TOP - BOTTOM, '\t...');
  return ['stack traceback:', ...lines].join('\n');
}

function entry(thread: LuaThread, depth: number): string {
  const fn = thread.fns[depth];
  const caller = thread.fns[depth - 1];
  const from = thread.pos[depth - 1] ?? 0;
  const site =
    caller instanceof LuaFunction && from > 0 ? caller.proto.chunk.sites[from] : undefined;
  const name = site !== undefined && site.argc !== OPERATOR ? site.name : '';
  if (fn instanceof Builtin) return name === '' ? '[C]: ?' : `[C]: in function '${name}'`;
  if (!(fn instanceof LuaFunction)) return '[C]: ?';
  const { proto } = fn;
  const pos = thread.pos[depth] ?? 0;
  if (pos < 0) return '(tail call): ?';
  const { shortSource, sites } = proto.chunk;
  const where = `${shortSource}:${sites[pos]?.line ?? proto.line}:`;
  if (proto.line === 0) return `${where} in main chunk`;
  return name === ''
    ? `${where} in function <${shortSource}:${proto.line}>`
    : `${where} in function '${name}'`;
}
