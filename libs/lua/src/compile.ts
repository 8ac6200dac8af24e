import { Budget } from './budget.ts';
import { compileSource, type Program } from './codegen/compile.ts';
import { type CompileCosts, FREE } from './compile-costs.ts';
import { type Mode, SLICE } from './runtime.ts';

export interface CompileOptions {
  /** As `load` takes it: `=name`, `@file`, or the source itself, which is the default. */
  readonly name?: string;
  /** `gopher` adds `goto` and labels; `puc` by default. */
  readonly mode?: Mode;
  /** Milliseconds after which compiling is given up; no limit by default. */
  readonly cpu?: number;
}

/** Compiles Lua source: bytes, or a string whose code units are bytes. Throws `LuaSyntaxError`, and `LuaStopError` past `cpu`. */
export function compile(source: string | Uint8Array, options: CompileOptions = {}): Program {
  const text = typeof source === 'string' ? source : Buffer.from(source).toString('latin1');
  return compileSource(text, options.name ?? text, options.mode ?? 'puc', within(options.cpu));
}

function within(cpu: number | undefined): CompileCosts {
  if (cpu === undefined) return FREE;
  const budget = new Budget({ cpu }, undefined);
  budget.resume();
  let fuel = SLICE;
  return {
    spend: (steps) => {
      fuel -= steps;
      if (fuel >= 0) return;
      fuel = SLICE;
      budget.look();
    },
    ahead: (ms) => budget.ahead(ms),
  };
}
