import type { Runtime } from '../runtime.ts';
import { ANY, type ByteSet, byteSet } from './classes.ts';
import { type CaptureKind, type Item, Op, PatternReader } from './pattern-reader.ts';

/**
 * A Lua 5.1 pattern, compiled. A pattern has no alternatives, so its items run one after the other and everything
 * about captures but their text is known here.
 *
 * PUC Lua finds mistakes only when matching reaches them (`("a"):find("b[")` is just nil), and so they are items too.
 */
export interface Pattern {
  /** `Op` of each item; the last is `END`. */
  readonly ops: Uint8Array;
  /** Byte of CHAR, opening byte of BALANCE, capture index of OPEN, POSITION, CLOSE and BACK; index into errors. */
  readonly args: Uint8Array;
  /** Closing byte of BALANCE. */
  readonly closers: Uint8Array;
  /** Bytes that SET, STAR, PLUS, MINUS, MAYBE and FRONTIER accept. */
  readonly sets: readonly ByteSet[];
  /** Bytes one of which must come next after the item, where that is known. */
  readonly needs: readonly (ByteSet | undefined)[];
  /** The only byte that can come next after the item, or ''. */
  readonly needChars: readonly string[];
  readonly errors: readonly string[];
  /** Nothing in it is special, so that `find` looks for the text itself, zero bytes and all. */
  readonly literal: boolean;
  /** Begins with `^`. */
  readonly anchored: boolean;
  /** What is known of a match's first byte. */
  readonly first: ByteSet | undefined;
  /** The only byte that a match can begin with, or ''. */
  readonly firstChar: string;
  /** How each capture ends up, in order of the opening parentheses. */
  readonly captures: readonly CaptureKind[];
  /** Where greedy and lazy items keep their limits while a match runs: `low`, then `high`. */
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly pending: Int32Array;
}

/** The compiled form of `source`. `anchors`: whether a leading `^` anchors (in gmatch of 5.1 it doesn't). */
export function compilePattern(rt: Runtime, source: string, anchors: boolean): Pattern {
  if (source === latestSource && anchors === latestAnchors) return latest as Pattern;
  const cache = anchors ? anchoring : plain;
  let pattern = cache.get(source);
  if (pattern === undefined) {
    pattern = compile(rt, source, anchors);
    if (cache.size >= CACHED) cache.delete(cache.keys().next().value as string);
    if (source.length <= LONGEST_CACHED) cache.set(source, pattern);
  }
  latestSource = source;
  latestAnchors = anchors;
  latest = pattern;
  return pattern;
}

function compile(rt: Runtime, text: string, anchors: boolean): Pattern {
  // To C a zero byte ends the pattern.
  const zero = text.indexOf('\0');
  const source = zero < 0 ? text : text.slice(0, zero);
  const anchored = anchors && source[0] === '^';
  const reader = new PatternReader(source, anchored ? 1 : 0);
  const items: Item[] = [];
  do {
    rt.spend(STEPS_PER_ITEM);
    items.push(reader.next());
  } while (items.at(-1)?.op !== Op.END && items.at(-1)?.op !== Op.ERROR);

  const count = items.length;
  const needs: (ByteSet | undefined)[] = new Array(count).fill(undefined);
  for (let i = count - 1; i >= 0; i--) needs[i] = firstOf(items, needs, i + 1);
  const first = firstOf(items, needs, 0);
  return {
    ops: Uint8Array.from(items, (item) => item.op),
    args: Uint8Array.from(items, (item) => item.arg ?? 0),
    closers: Uint8Array.from(items, (item) => item.closer ?? 0),
    sets: items.map((item) => item.set ?? ANY),
    needs,
    needChars: needs.map(onlyChar),
    errors: reader.errors,
    literal: !/[\^$*+?.([%-]/.test(source),
    anchored,
    first,
    firstChar: onlyChar(first),
    captures: reader.captures,
    low: new Int32Array(count),
    high: new Int32Array(count),
    pending: new Int32Array(count + 1),
  };
}

/** The bytes with one of which whatever `items[at]` and what follows must begin; undefined where it may be nothing. */
function firstOf(items: Item[], needs: (ByteSet | undefined)[], at: number): ByteSet | undefined {
  const item = items[at];
  switch (item?.op) {
    case Op.CHAR:
    case Op.BALANCE:
      return byteSet(item.arg as number);
    case Op.SET:
    case Op.PLUS:
      return item.set;
    case Op.OPEN:
    case Op.POSITION:
    case Op.CLOSE:
      return needs[at];
    case Op.STAR:
    case Op.MINUS:
    case Op.MAYBE: {
      const rest = needs[at];
      return rest?.map((member, c) => member | (item.set?.[c] ?? 0));
    }
    default:
      return undefined;
  }
}

function onlyChar(set: ByteSet | undefined): string {
  if (set === undefined) return '';
  const byte = set.indexOf(1);
  return byte >= 0 && set.indexOf(1, byte + 1) < 0 ? String.fromCharCode(byte) : '';
}

/** What compiling an item costs beside a step of a script. */
const STEPS_PER_ITEM = 4;
/** Patterns kept compiled; the oldest goes first. */
const CACHED = 512;
const LONGEST_CACHED = 1024;
const anchoring = new Map<string, Pattern>();
const plain = new Map<string, Pattern>();
// Loops use one pattern over and over.
let latestSource: string | undefined;
let latestAnchors = false;
let latest: Pattern | undefined;
