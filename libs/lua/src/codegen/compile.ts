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
 * Mode `gopher` adds `goto`. Throws `LuaSyntaxError`.
 */
export function compileSource(source: string, name: string, mode: Mode): Program {
  const short = shortSource(name);
  if (source.startsWith('\x1bLua')) {
    throw new LuaSyntaxError(`${short}: precompiled chunks are refused`);
  }
  // Site 0 is nowhere: a position may be negated.
  const chunk = { source: name, shortSource: short, sites: [NOWHERE] };
  try {
    const text = name.startsWith('@') ? bare(source) : source;
    const emitter = new ChunkEmitter(chunk, emitFunction, emit);
    emitFunction(emitter, parseChunk(text, shortSource(name, SYNTAX_SIZE), mode === 'gopher'));
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
  // Only the emitter's own names, numbers and JSON strings are in this text: nothing of the script is code here.
  return new Function('K', 'P', lines.join('\n'))(KERNEL, emitter.protos) as Code;
}
