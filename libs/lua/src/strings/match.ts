import type { Runtime } from '../runtime.ts';
import { ANY } from './classes.ts';
import type { Pattern } from './pattern.ts';
import { Op } from './pattern-reader.ts';

/**
 * Where captures of the last match begin and end (exclusive). Shared, as a match is never interrupted by Lua code:
 * whoever matches takes what he needs before anything else runs.
 */
export const starts = new Int32Array(32);
export const ends = new Int32Array(32);

/**
 * Looks for `pattern` in `subject` from `from` on (only there, if it is anchored). Returns where the match begins and
 * leaves its end in `matchEnd`, or returns -1.
 */
export function search(pattern: Pattern, subject: string, from: number, rt: Runtime): number {
  if (pattern.anchored) {
    matchEnd = matchAt(pattern, subject, from, rt);
    return matchEnd < 0 ? -1 : from;
  }
  const { first, firstChar } = pattern;
  const size = subject.length;
  for (let at = from; at <= size; at++) {
    if (firstChar !== '') {
      at = subject.indexOf(firstChar, at);
      if (at < 0) return -1;
    } else if (first !== undefined) {
      at = scan(first, 0, subject, at, rt);
      if (at >= size) return -1;
    }
    matchEnd = matchAt(pattern, subject, at, rt);
    if (matchEnd >= 0) return at;
  }
  return -1;
}

/** Where the match that `search` found ends. */
export let matchEnd = -1;

/** The end of a match of `pattern` that begins at `from`, or -1. Backtracks without recursion. */
function matchAt(pattern: Pattern, subject: string, from: number, rt: Runtime): number {
  const { ops, args, sets, needChars, low, high, pending } = pattern;
  const size = subject.length;
  let at = from;
  let pc = 0;
  let open = 0;
  let work = 1;
  for (;;) {
    let failed = true;
    const op = ops[pc];
    switch (op) {
      case Op.END:
        rt.fuel -= work;
        if (rt.fuel < 0) rt.tick();
        return at;
      case Op.CHAR:
        if (at < size && subject.charCodeAt(at) === args[pc]) {
          at++;
          failed = false;
        }
        break;
      case Op.SET:
        if (at < size && sets[pc]?.[subject.charCodeAt(at)] === 1) {
          at++;
          failed = false;
        }
        break;
      case Op.STAR:
      case Op.PLUS: {
        const set = sets[pc] as Uint8Array;
        const least = op === Op.PLUS ? at + 1 : at;
        let to = set === ANY ? size : scan(set, 1, subject, at, rt);
        work += to - at;
        to = shrink(pattern, subject, pc, least, to, rt);
        if (to < least) break;
        if (to > least) {
          low[pc] = least;
          high[pc] = to;
          pending[open++] = pc;
        }
        at = to;
        failed = false;
        break;
      }
      case Op.MINUS: {
        const to = grow(pattern, subject, pc, at, rt);
        if (to < 0) {
          work += needChars[pc] === '' ? 1 : (size - at) >> 4;
          break;
        }
        work += to - at;
        high[pc] = to;
        pending[open++] = pc;
        at = to;
        failed = false;
        break;
      }
      case Op.MAYBE: {
        if (at < size && sets[pc]?.[subject.charCodeAt(at)] === 1) {
          high[pc] = at;
          pending[open++] = pc;
          at++;
        }
        failed = false;
        break;
      }
      case Op.OPEN:
        starts[args[pc] as number] = at;
        failed = false;
        break;
      case Op.POSITION:
        starts[args[pc] as number] = at;
        failed = false;
        break;
      case Op.CLOSE:
        ends[args[pc] as number] = at;
        failed = false;
        break;
      case Op.BACK: {
        const index = args[pc] as number;
        const text = subject.slice(starts[index], ends[index]);
        work += text.length;
        if (subject.startsWith(text, at)) {
          at += text.length;
          failed = false;
        }
        break;
      }
      case Op.BALANCE: {
        const to = balance(subject, at, args[pc] as number, pattern.closers[pc] as number, rt);
        work += to < 0 ? size - at : to - at;
        if (to >= 0) {
          at = to;
          failed = false;
        }
        break;
      }
      case Op.FRONTIER: {
        const set = sets[pc] as Uint8Array;
        const before = at === 0 ? 0 : subject.charCodeAt(at - 1);
        const after = at < size ? subject.charCodeAt(at) : 0;
        failed = set[before] === 1 || set[after] !== 1;
        break;
      }
      case Op.TAIL:
        failed = at < size;
        break;
      default:
        throw rt.error(pattern.errors[args[pc] as number] as string);
    }
    if (!failed) {
      pc++;
      continue;
    }
    // Back to the latest item that has another way.
    for (;;) {
      if (++work > SLICE) {
        rt.fuel -= work;
        work = 0;
        if (rt.fuel < 0) rt.tick();
      }
      if (open === 0) {
        rt.fuel -= work;
        if (rt.fuel < 0) rt.tick();
        return -1;
      }
      pc = pending[open - 1] as number;
      const last = high[pc] as number;
      const kind = ops[pc];
      if (kind === Op.MAYBE) {
        open--;
        at = last;
      } else if (kind === Op.MINUS) {
        const set = sets[pc] as Uint8Array;
        at = last < size && set[subject.charCodeAt(last)] === 1 ? last + 1 : -1;
        if (at >= 0) at = grow(pattern, subject, pc, at, rt);
        if (at < 0) {
          work += needChars[pc] === '' ? 1 : (size - last) >> 4;
          open--;
          continue;
        }
        work += at - last;
        high[pc] = at;
      } else {
        const least = low[pc] as number;
        at = shrink(pattern, subject, pc, least, last - 1, rt);
        work += last - at;
        if (at <= least) open--;
        if (at < least) continue;
        high[pc] = at;
      }
      pc++;
      break;
    }
  }
}

/** Where the bytes from `from` on stop being in `set` (`member` 1) or out of it (0). */
function scan(set: Uint8Array, member: number, text: string, from: number, rt: Runtime): number {
  const size = text.length;
  let to = from;
  for (;;) {
    const stop = Math.min(size, to + STRETCH);
    while (to < stop && set[text.charCodeAt(to)] === member) to++;
    if (to < stop || to === size) return to;
    walked(rt);
  }
}

/** Accounts for a stretch of text gone through in one step of the pattern. */
function walked(rt: Runtime): void {
  rt.fuel -= STRETCH;
  if (rt.fuel < 0) rt.tick();
}

/** The greatest end in `least` … `most` of the greedy item `pc` after which what follows can begin, or less. */
function shrink(
  pattern: Pattern,
  text: string,
  pc: number,
  least: number,
  most: number,
  rt: Runtime,
): number {
  const need = pattern.needs[pc];
  if (need === undefined) return most;
  let to = most;
  if (to === text.length) to--;
  for (;;) {
    const stop = Math.max(least, to - STRETCH);
    while (to >= stop && need[text.charCodeAt(to)] !== 1) to--;
    if (to >= stop || to < least) return to;
    walked(rt);
  }
}

/** The least end from `at` on of the lazy item `pc` after which what follows can begin, or -1. */
function grow(pattern: Pattern, text: string, pc: number, at: number, rt: Runtime): number {
  const need = pattern.needs[pc];
  if (need === undefined) return at;
  const set = pattern.sets[pc] as Uint8Array;
  if (set === ANY) {
    const char = pattern.needChars[pc] as string;
    if (char !== '') return text.indexOf(char, at);
  }
  const size = text.length;
  let look = at + STRETCH;
  for (let to = at; to < size; to++) {
    const byte = text.charCodeAt(to);
    if (need[byte] === 1) return to;
    if (set[byte] !== 1) return -1;
    if (to === look) {
      look += STRETCH;
      walked(rt);
    }
  }
  return -1;
}

/** The end of what begins with `opener` at `at` and ends with its `closer`, or -1. */
function balance(text: string, at: number, opener: number, closer: number, rt: Runtime): number {
  const size = text.length;
  if (at >= size || text.charCodeAt(at) !== opener) return -1;
  let depth = 1;
  let look = at + STRETCH;
  for (let i = at + 1; i < size; i++) {
    const byte = text.charCodeAt(i);
    if (byte === closer) {
      if (--depth === 0) return i + 1;
    } else if (byte === opener) {
      depth++;
    }
    if (i === look) {
      look += STRETCH;
      walked(rt);
    }
  }
  return -1;
}

/** Steps between two looks at the fuel. */
const SLICE = 1000;
/** Bytes that one step may go through without a look at the fuel. */
const STRETCH = 65_536;
