import { compileSource, type Program } from './codegen/compile.ts';
import type { CompileCosts } from './compile-costs.ts';
import type { Mode } from './runtime.ts';

/** A Lua source: bytes, a string whose code units are bytes, or what `compile` made of it. */
export type Source = string | Uint8Array | Program;

/**
 * Finds what `require`, `loadfile` and `dofile` ask for, by the path they made of the name. Undefined: there is no such file. May wait.
 */
export type Resolver = (path: string) => Source | undefined | Promise<Source | undefined>;

/** The program in `source`, compiled under `name` if it isn't yet. Throws `LuaSyntaxError`. */
export function programOf(source: Source, name: string, mode: Mode, costs: CompileCosts): Program {
  if (typeof source === 'string') return compileSource(source, name, mode, costs);
  if (source instanceof Uint8Array) {
    return compileSource(Buffer.from(source).toString('latin1'), name, mode, costs);
  }
  return source;
}
