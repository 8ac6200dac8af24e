import { type CompileCosts, FREE } from '../compile-costs.ts';
import { LuaSyntaxError } from '../errors.ts';
import type { Code, Proto, Site } from '../function.ts';
import type { Mode } from '../runtime.ts';
import { SYNTAX_SIZE, shortSource } from '../syntax/chunk-name.ts';
import { parseChunk } from '../syntax/statement.ts';
import { ChunkEmitter } from './emitter.ts';
import { emit } from './expression.ts';
import { emitFunction } from './function.ts';
import { KERNEL } from './kernel.ts';

/** A compiled source text: holds nothing of any run, may be loaded into any number of environments. */
export interface Program {
  /** The chunk's name as it appears in messages. */
  readonly name: string;
  /** For the engine. */
  readonly code: Code;
  readonly proto: Proto;
}

const NOWHERE: Site = { line: 0, what: '', name: '', what2: '', name2: '', argc: -1 };

/**
 * Compiles Lua source, a byte string, to JavaScript. `name` is the chunk's name as `load` takes it: `=name`, `@file` or the source.
 * Mode `gopher` adds `goto`. Throws `LuaSyntaxError`, and whatever `costs` throw.
 */
export function compileSource(
  source: string,
  name: string,
  mode: Mode,
  costs: CompileCosts = FREE,
): Program {
  const short = shortSource(name);
  if (source.startsWith('\x1bLua')) {
    throw new LuaSyntaxError(`${short}: precompiled chunks are refused`);
  }
  // Site 0 is nowhere: a position may be negated.
  const chunk = { source: name, shortSource: short, sites: [NOWHERE] };
  try {
    const text = name.startsWith('@') ? bare(source) : source;
    const emitter = new ChunkEmitter(chunk, costs, emitFunction, emit);
    const tree = parseChunk(text, shortSource(name, SYNTAX_SIZE), mode === 'gopher', costs);
    emitFunction(emitter, tree);
    const code = instantiate(emitter);
    return { name: short, code, proto: emitter.protos[0] as Proto };
  } catch (error) {
    // Expressions of many thousand operands are more than the recursion of emitter or V8 bears.
    if (error instanceof RangeError) {
      throw new LuaSyntaxError(`${short}: function or expression too complex`);
    }
    throw error;
  }
}

/** A file without the first line that Unix reads; its line break stays. */
function bare(source: string): string {
  return source.startsWith('#') ? source.replace(/^[^\r\n]*/, '') : source;
}

function instantiate(emitter: ChunkEmitter): Code {
  const hints = Array.from({ length: emitter.hints }, (_, i) => `$h${i + 1}=0`);
  const lines = ['"use strict";', `const {${Object.keys(KERNEL).join()}}=K;`];
  if (hints.length > 0) lines.push(`let ${hints.join()};`);
  if (emitter.constants.length > 0) lines.push(`const ${emitter.constants.join()};`);
  lines.push(...emitter.functions, 'return F0;');
  const text = lines.join('\n');
  emitter.costs.ahead(text.length * MS_PER_BYTE + emitter.crowding * MS_PER_PAIR);
  // Only the emitter's own names, numbers and JSON strings are in this text: nothing of the script is code here.
  return new Function('K', 'P', text)(KERNEL, emitter.protos) as Code;
}

// V8 parses the text at once and compiles it at the first call, there in time with the square of a function's variables. Measured,
// and halved, so that nobody is refused who would have been in time.
const MS_PER_BYTE = 5e-5;
const MS_PER_PAIR = 5e-6;
