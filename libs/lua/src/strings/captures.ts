import type { Runtime } from '../runtime.ts';
import type { LuaResult, LuaValue } from '../value.ts';
import { ends, starts } from './match.ts';
import type { Pattern } from './pattern.ts';

/** Capture `index` (from 0) of the last match, of `subject` from `from` to `to`; capture 0 of none is the whole match. */
export function captureOf(
  rt: Runtime,
  pattern: Pattern,
  index: number,
  subject: string,
  from: number,
  to: number,
): string | number {
  switch (pattern.captures[index]) {
    case 'text':
      return subject.slice(starts[index], ends[index]);
    case 'position':
      return (starts[index] as number) + 1;
    case 'unfinished':
      throw rt.error('unfinished capture');
    default:
      if (index > 0) throw rt.error('invalid capture index');
      return subject.slice(from, to);
  }
}

/** All captures of the last match, or the whole match where the pattern has none: as a call returns them. */
export function capturesOf(
  rt: Runtime,
  pattern: Pattern,
  subject: string,
  from: number,
  to: number,
): LuaResult {
  const count = pattern.captures.length;
  if (count <= 1) return captureOf(rt, pattern, 0, subject, from, to);
  return pushCaptures(rt, pattern, subject, []);
}

/** Appends the captures of the last match to `values`. */
export function pushCaptures(
  rt: Runtime,
  pattern: Pattern,
  subject: string,
  values: LuaValue[],
): LuaValue[] {
  const count = pattern.captures.length;
  for (let i = 0; i < count; i++) values.push(captureOf(rt, pattern, i, subject, 0, 0));
  return values;
}
