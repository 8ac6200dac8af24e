import { checkString, optionalInteger } from '../arguments.ts';
import { plain } from '../builtin.ts';
import { Builtin } from '../function.ts';
import type { Runtime } from '../runtime.ts';
import { type LuaResult, type LuaValue, NONE } from '../value.ts';
import { capturesOf, pushCaptures } from './captures.ts';
import { matchEnd, search } from './match.ts';
import { compilePattern } from './pattern.ts';
import { fromEnd } from './position.ts';

/** `string.find (s, pattern [, init [, plain]])` */
export const find = plain('find', (rt, s, p, init, exact): LuaResult => {
  const subject = checkString(rt, s, 1);
  const source = checkString(rt, p, 2);
  const from = start(rt, init, subject);
  const asText = exact !== undefined && exact !== false;
  const pattern = asText ? undefined : compilePattern(rt, source, true);
  if (pattern === undefined || pattern.literal) {
    const at = subject.indexOf(source, from);
    rt.fuel -= (at < 0 ? subject.length : at) >> 5;
    if (rt.fuel < 0) rt.tick();
    return at < 0 ? undefined : [at + 1, at + source.length];
  }
  const at = search(pattern, subject, from, rt);
  if (at < 0) return undefined;
  const found = [at + 1, matchEnd];
  return pattern.captures.length === 0 ? found : pushCaptures(rt, pattern, subject, found);
});

/** `string.match (s, pattern [, init])` */
export const match = plain('match', (rt, s, p, init): LuaResult => {
  const subject = checkString(rt, s, 1);
  const pattern = compilePattern(rt, checkString(rt, p, 2), true);
  const at = search(pattern, subject, start(rt, init, subject), rt);
  return at < 0 ? undefined : capturesOf(rt, pattern, subject, at, matchEnd);
});

/** `string.gmatch (s, pattern)`; a `^` isn't special here in 5.1. */
export const gmatch = plain('gmatch', (rt, s, p): LuaResult => {
  const subject = checkString(rt, s, 1);
  const pattern = compilePattern(rt, checkString(rt, p, 2), false);
  let next = 0;
  return new Builtin('gmatch iterator', (running) => {
    if (next > subject.length) return NONE;
    const at = search(pattern, subject, next, running);
    // Like C's, it tries again from the same place when asked once more.
    if (at < 0) return NONE;
    next = matchEnd > at ? matchEnd : at + 1;
    return capturesOf(running, pattern, subject, at, matchEnd);
  });
});

/** Index of the byte at which looking begins: `init` counts from 1, or from the end, and is kept within the text. */
function start(rt: Runtime, init: LuaValue, subject: string): number {
  if (init === undefined) return 0;
  const at = fromEnd(optionalInteger(rt, init, 3, 1), subject.length) - 1;
  return at < 0 ? 0 : Math.min(at, subject.length);
}
