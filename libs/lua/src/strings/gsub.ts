import { checkNumber, checkString } from '../arguments.ts';
import { later } from '../builtin.ts';
import { Builtin, type Running } from '../function.ts';
import { metamethod } from '../metatable.ts';
import type { Runtime } from '../runtime.ts';
import { LuaTable } from '../table.ts';
import { type LuaResult, type LuaValue, typeName } from '../value.ts';
import { captureOf, capturesOf } from './captures.ts';
import { compilePattern, type Pattern } from './pattern.ts';
import { parseReplacement } from './replacement.ts';
import { Substitution } from './substitution.ts';
import { toInt } from './text-number.ts';

/** `string.gsub (s, pattern, repl [, n])`: `repl` is a text with `%1`, a table, or a function, which may wait. */
export const gsub: Builtin = new Builtin('gsub', (rt, s, p, repl, n): LuaResult => {
  const subject = checkString(rt, s, 1);
  const pattern = compilePattern(rt, checkString(rt, p, 2), true);
  const type = typeName(repl);
  const limit = n === undefined ? subject.length + 1 : toInt(checkNumber(rt, n, 4));
  if (type === 'string' || type === 'number') {
    return withText(rt, subject, pattern, checkString(rt, repl, 3), limit);
  }
  if (type === 'function') {
    return later(gsub, withCalls(rt, subject, pattern, repl, limit), rt.argumentCount());
  }
  if (!(repl instanceof LuaTable)) throw rt.argError(3, 'string/function/table expected');
  return repl.mt === null
    ? withTable(rt, subject, pattern, repl, limit)
    : later(gsub, withCalls(rt, subject, pattern, repl, limit), rt.argumentCount());
});

function withText(
  rt: Runtime,
  subject: string,
  pattern: Pattern,
  text: string,
  limit: number,
): LuaResult {
  const work = new Substitution(rt, subject, pattern, limit);
  const parts = parseReplacement(rt, text);
  const only = parts.length === 1 && typeof parts[0] === 'string' ? parts[0] : undefined;
  while (work.advance()) {
    if (only !== undefined) {
      work.replace(only);
      continue;
    }
    let filled = '';
    rt.spend(parts.length);
    for (const part of parts) {
      if (typeof part === 'string') filled += part;
      else if (part === 0) filled += subject.slice(work.from, work.to);
      else {
        const capture = captureOf(rt, pattern, part - 1, subject, work.from, work.to);
        filled += typeof capture === 'number' ? rt.numberText(capture) : capture;
      }
    }
    work.replace(filled);
  }
  return work.results();
}

function withTable(
  rt: Runtime,
  subject: string,
  pattern: Pattern,
  table: LuaTable,
  limit: number,
): LuaResult {
  const work = new Substitution(rt, subject, pattern, limit);
  while (work.advance()) {
    work.replaceBy(table.get(captureOf(rt, pattern, 0, subject, work.from, work.to)));
  }
  return work.results();
}

/** With a function, or a table that has a metatable. */
function* withCalls(
  rt: Runtime,
  subject: string,
  pattern: Pattern,
  repl: LuaValue,
  limit: number,
): Running {
  const work = new Substitution(rt, subject, pattern, limit);
  while (work.advance()) {
    const captures = capturesOf(rt, pattern, subject, work.from, work.to);
    const args = Array.isArray(captures) ? captures : [captures];
    const value =
      repl instanceof LuaTable ? yield* indexed(rt, repl, args[0]) : yield* rt.call1(repl, args);
    work.replaceBy(value);
  }
  return work.results();
}

/** `table[key]` with `__index`, which may be a function that waits. */
function* indexed(rt: Runtime, table: LuaTable, key: LuaValue): Running<LuaValue> {
  let holder: LuaValue = table;
  for (;;) {
    if (holder instanceof LuaTable) {
      const value = holder.get(key);
      if (value !== undefined) return value;
    }
    const handler: LuaValue = metamethod(rt, holder, '__index');
    if (handler === undefined && holder instanceof LuaTable) return undefined;
    if (typeName(handler) === 'function') return yield* rt.call1(handler, [holder, key]);
    if (handler === undefined) throw rt.error(`attempt to index a ${typeName(holder)} value`);
    holder = handler;
  }
}
