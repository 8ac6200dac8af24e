import { checkInteger, optionalString, toNumber } from '../arguments.ts';
import { plain } from '../builtin.ts';
import { Box, Builtin, LuaFunction } from '../function.ts';
import { metatableOf } from '../metatable.ts';
import { OPERATOR, type Runtime } from '../runtime.ts';
import { LuaTable } from '../table.ts';
import { LuaThread } from '../thread.ts';
import { threadTraceback } from '../traceback.ts';
import { Userdata } from '../userdata.ts';
import { type LuaValue, NONE } from '../value.ts';
import { BASE } from './base.ts';

/** Depth of level `level` in a thread: 0 is the builtin, 1 who called it; in other threads 0 is where it stopped. */
function depthOf(rt: Runtime, thread: LuaThread, level: number): number {
  return thread === rt.thread ? rt.callerDepth() - level + 1 : thread.depth - level;
}

const traceback = plain('traceback', (rt, ...args) => {
  const first = args[0];
  const thread = first instanceof LuaThread ? first : rt.thread;
  const [message, level] = first instanceof LuaThread ? args.slice(1) : args;
  if (message !== undefined && typeof message !== 'string' && typeof message !== 'number') {
    return message;
  }
  const own = thread === rt.thread;
  const up = level === undefined ? (own ? 1 : 0) : checkInteger(rt, level, 2);
  const text = threadTraceback(rt, thread, depthOf(rt, thread, up), own && up === 0);
  return message === undefined ? text : `${optionalString(rt, message, 1, '')}\n${text}`;
});

const getinfo = plain('getinfo', (rt, ...args) => {
  const [first] = args;
  const thread = first instanceof LuaThread ? first : rt.thread;
  const [subject, options] = first instanceof LuaThread ? args.slice(1) : args;
  const what = optionalString(rt, options, 2, 'flnSu');
  if (/[^SlnufL]/.test(what)) throw rt.argError(2, 'invalid option');
  let fn: LuaFunction | Builtin | undefined;
  let depth = -1;
  if (subject instanceof LuaFunction || subject instanceof Builtin) fn = subject;
  else {
    const level = toNumber(rt, subject);
    if (level === undefined) throw rt.argError(1, 'function or level expected');
    depth = depthOf(rt, thread, level);
    if (level < 0 || depth < 0) return undefined;
    if (level > 0 || thread !== rt.thread) fn = thread.fns[depth];
    else fn = self;
    if (fn === undefined) return depth === 0 && level > 0 ? describeHost() : undefined;
    if (level === 0 && thread === rt.thread) depth = -1;
  }
  return describe(thread, fn, depth, what);
});
const self: Builtin = getinfo;

/** The host, which called the main function. */
function describeHost(): LuaTable {
  const table = new LuaTable();
  fill(table, { source: '=[C]', short_src: '[C]', what: 'C', currentline: -1, linedefined: -1 });
  fill(table, { lastlinedefined: -1, namewhat: '', nups: 0 });
  return table;
}

function fill(table: LuaTable, fields: Readonly<Record<string, LuaValue>>): void {
  for (const [key, value] of Object.entries(fields)) table.put(key, value);
}

function describe(
  thread: LuaThread,
  fn: LuaFunction | Builtin,
  depth: number,
  what: string,
): LuaTable {
  const table = new LuaTable();
  const proto = fn instanceof LuaFunction ? fn.proto : undefined;
  const tail = depth >= 0 && (thread.pos[depth] ?? 0) < 0;
  if (what.includes('S')) {
    fill(table, {
      source: proto?.chunk.source ?? '=[C]',
      short_src: proto?.chunk.shortSource ?? '[C]',
      linedefined: proto?.line ?? -1,
      lastlinedefined: proto === undefined ? -1 : proto.lastLine,
      what: tail ? 'tail' : proto === undefined ? 'C' : proto.line === 0 ? 'main' : 'Lua',
    });
  }
  if (what.includes('l')) {
    const site = depth >= 0 ? proto?.chunk.sites[thread.pos[depth] ?? 0] : undefined;
    table.put('currentline', site?.line ?? -1);
  }
  if (what.includes('u')) table.put('nups', proto?.upvalues.length ?? 0);
  if (what.includes('n')) {
    const caller = depth > 0 ? thread.fns[depth - 1] : undefined;
    const pos = thread.pos[depth - 1] ?? 0;
    const site =
      caller instanceof LuaFunction && pos > 0 ? caller.proto.chunk.sites[pos] : undefined;
    const named = site !== undefined && site.argc !== OPERATOR && site.what !== '';
    table.put('namewhat', named ? site.what : '');
    if (named) table.put('name', site.name);
  }
  if (what.includes('f')) table.put('func', fn);
  if (what.includes('L')) table.put('activelines', undefined);
  return table;
}

const getmetatable = plain('getmetatable', (rt, value) => metatableOf(rt, value) ?? undefined);

const setmetatable = plain('setmetatable', (rt, value, mt) => {
  if (mt !== undefined && !(mt instanceof LuaTable)) throw rt.argError(2, 'nil or table expected');
  if (value instanceof LuaTable || value instanceof Userdata) value.mt = mt ?? null;
  else if (typeof value === 'string') rt.stringMeta = mt ?? null;
  else throw rt.error('values of this type have no metatable here');
  return true;
});

const getupvalue = plain('getupvalue', (rt, f, n) => {
  const at = checkInteger(rt, n, 2);
  if (!(f instanceof LuaFunction)) return NONE;
  const name = f.proto.upvalues[at - 1];
  const up = f.ups[at - 1];
  return name === undefined ? NONE : [name, up instanceof Box ? up.v : up];
});

const gethook = plain('gethook', () => undefined);

/** The part of `debug` that looks and doesn't touch. */
export const DEBUG: Readonly<Record<string, Builtin>> = {
  getfenv: BASE['getfenv'] as Builtin,
  gethook,
  getinfo,
  getmetatable,
  getupvalue,
  setfenv: BASE['setfenv'] as Builtin,
  setmetatable,
  traceback,
};
