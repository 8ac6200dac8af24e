import type { CallOptions } from './call-options.ts';
import type { Program } from './codegen/compile.ts';
import { Driver } from './driver.ts';
import { type Builtin, LuaFunction } from './function.ts';
import { BASE } from './lib/base.ts';
import { COROUTINE } from './lib/coroutine.ts';
import { DEBUG } from './lib/debug.ts';
import { createIo, type IoOptions } from './lib/io.ts';
import { LOAD } from './lib/load.ts';
import { MATH } from './lib/math.ts';
import { OS } from './lib/os.ts';
import { createPackage, module, require } from './lib/package.ts';
import { TABLE } from './lib/table.ts';
import { type Mode, Runtime } from './runtime.ts';
import type { Resolver } from './source.ts';
import { stringLibrary } from './strings/library.ts';
import { LuaTable, type Shape, shapeOf } from './table.ts';
import type { LuaValue } from './value.ts';

export interface EnvironmentOptions {
  /** Whose behaviour to follow; `puc` by default. */
  readonly mode?: Mode;
  /** Takes what `print` writes: whole lines as byte strings. By default it goes to standard output. */
  readonly print?: (text: string) => void;
  /** What `os.getenv` knows, as byte strings; nothing by default. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds since the Unix epoch, for `os.time` and `os.date`; the machine's clock by default. */
  readonly now?: () => number;
  /** Where `math.random` starts; random by default. */
  readonly seed?: number;
  /** Finds files for `require`, `loadfile` and `dofile`; without it there are none. */
  readonly resolve?: Resolver;
  /** `package.path`; `./?.lua` by default. */
  readonly path?: string;
  /** Files and streams: absent, there is no `io`; see `IoOptions`. */
  readonly io?: IoOptions;
  /** Calls inside one another before "stack overflow"; by default what the mode's own implementation bears. */
  readonly maxDepth?: number;
}

/** One set of globals. Scripts run in it one after another or, while they wait, side by side. */
export interface Environment {
  readonly globals: LuaTable;
  /** The program as a function of this environment; may be called any number of times. */
  load(program: Program): LuaFunction;
  /** Calls a function of this environment. */
  call(f: LuaValue, args?: LuaValue[], options?: CallOptions): Promise<LuaValue[]>;
}

const standardOutput = (text: string): void => {
  process.stdout.write(text, 'latin1');
};

const MAX_DEPTH: Record<Mode, number> = { puc: 16_380, gopher: 254 };

interface Template {
  readonly shape: Shape;
  readonly builtins: readonly Builtin[];
  readonly others: number;
}

/** Names that get their values per environment are in the shape too, so that no table has to leave it. */
function template(library: Readonly<Record<string, Builtin>>, others: string[] = []): Template {
  return {
    shape: shapeOf([...Object.keys(library), ...others]),
    builtins: Object.values(library),
    others: others.length,
  };
}

function instance({ shape, builtins, others }: Template): LuaTable {
  const values: LuaValue[] = builtins.slice();
  for (let i = 0; i < others; i += 1) values.push(undefined);
  return LuaTable.shaped(shape, values);
}

const LIBRARIES: Readonly<Record<string, Template>> = {
  string: template(stringLibrary),
  table: template(TABLE),
  math: template(MATH, ['pi', 'huge']),
  os: template(OS),
  coroutine: template(COROUTINE),
  debug: template(DEBUG),
};
const GLOBALS = template({ ...BASE, ...LOAD, module, require }, [
  '_G',
  '_VERSION',
  ...Object.keys(LIBRARIES),
  'io',
  'package',
]);
const STRING_META = shapeOf(['__index']);

export function createEnvironment(options: EnvironmentOptions = {}): Environment {
  const mode = options.mode ?? 'puc';
  const { env } = options;
  const rt = new Runtime(mode, options.maxDepth ?? MAX_DEPTH[mode], {
    print: options.print ?? standardOutput,
    now: options.now ?? Date.now,
    getenv: (name) => (env !== undefined && Object.hasOwn(env, name) ? env[name] : undefined),
    resolve: options.resolve,
    seed: options.seed ?? Math.floor(Math.random() * 2 ** 32),
  });
  const globals = instance(GLOBALS);
  rt.globals = globals;
  globals.put('_G', globals);
  globals.put('_VERSION', 'Lua 5.1');
  for (const name in LIBRARIES) globals.put(name, instance(LIBRARIES[name] as Template));
  if (options.io !== undefined) globals.put('io', createIo(rt, options.io));
  rt.package = createPackage(globals, options.path ?? './?.lua');
  const math = globals.get('math') as LuaTable;
  math.put('pi', Math.PI);
  math.put('huge', mode === 'puc' ? Number.POSITIVE_INFINITY : Number.MAX_VALUE);
  rt.stringMeta = LuaTable.shaped(STRING_META, [globals.get('string')]);
  return {
    globals,
    load: (program) => new LuaFunction(program.code, rt, rt.globals, [], program.proto),
    call: (f, args = [], callOptions = {}) => new Driver(rt, callOptions).run(f, args),
  };
}
