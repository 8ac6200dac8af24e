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
  const from = builtin ? Math.min(depth, rt.callerDepth()) : depth;
  // Entries by their place from the top, without making those that aren't shown.
  const first = builtin ? 1 : 0;
  const count = first + from + (thread.main ? 1 : 0);
  const lines = ['stack traceback:'];
  for (let i = 0; i < count; i += 1) {
    if (i === TOP && count > TOP + BOTTOM) {
      lines.push('\t...');
      i = count - BOTTOM;
    }
    const d = from - (i - first);
    if (i < first) lines.push("\t[C]: in function 'traceback'");
    else lines.push(d > 0 ? `\t${entry(thread, d)}` : '\t[C]: ?');
  }
  rt.fuel -= lines.length * 8;
  return lines.join('\n');
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
