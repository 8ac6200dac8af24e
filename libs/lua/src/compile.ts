import { compileSource, type Program } from './codegen/compile.ts';
import type { Mode } from './runtime.ts';

export interface CompileOptions {
  /** As `load` takes it: `=name`, `@file`, or the source itself, which is the default. */
  readonly name?: string;
  /** `gopher` adds `goto` and labels; `puc` by default. */
  readonly mode?: Mode;
}

/** Compiles Lua source: bytes, or a string whose code units are bytes. Throws `LuaSyntaxError`. */
export function compile(source: string | Uint8Array, options: CompileOptions = {}): Program {
  const text = typeof source === 'string' ? source : Buffer.from(source).toString('latin1');
  return compileSource(text, options.name ?? text, options.mode ?? 'puc');
}
