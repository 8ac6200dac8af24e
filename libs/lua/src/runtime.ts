import type { Budget } from './budget.ts';
import { invoke, many, one } from './call.ts';
import type { CompileCosts } from './compile-costs.ts';
import { luaError } from './errors.ts';
import { Builtin, type Chunk, LuaFunction, type Running, type Site } from './function.ts';
import type { HostContext } from './host-context.ts';
import { Random } from './lib/random.ts';
import type { Resolver } from './source.ts';
import { gopherNumberText, type NumberText, pucNumberText } from './strings/number-text.ts';
import type { LuaTable } from './table.ts';
import { LuaThread } from './thread.ts';
import { type LuaValue, typeName } from './value.ts';

/** Whose behaviour is followed where Lua 5.1's own implementation and gopher-lua differ. */
export type Mode = 'puc' | 'gopher';

/** What a script reaches of the world through the standard library. */
export interface HostPorts {
  /** Takes what `print` and `io.write` write: bytes. */
  print(text: string): void;
  /** Milliseconds since the Unix epoch. */
  now(): number;
  getenv(name: string): string | undefined;
  /** Where `math.random` starts. */
  readonly seed: number;
  /** Finds files for `require`, `loadfile` and `dofile`. */
  readonly resolve: Resolver | undefined;
}

/** Steps between two looks at the clock. */
export const SLICE = 10_000;

/**
 * The state of one environment while it runs. Public fields are read and written by generated code: `fuel` counts down,
 * `fns`, `pos` and `depth` are the running thread's call chain.
 */
export class Runtime implements CompileCosts {
  fuel = SLICE;
  depth = 0;
  limit = 0;
  fns: (LuaFunction | Builtin | undefined)[];
  pos: number[];
  thread: LuaThread;
  /** Arguments of the call in progress, where its site doesn't say. */
  argc = 0;
  stringMeta: LuaTable | null = null;
  /** Main threads of calls that have ended, for the next ones. */
  readonly spare: LuaThread[] = [];
  budget: Budget | undefined;
  readonly mode: Mode;
  readonly numberText: NumberText;
  /** Calls inside one another before "stack overflow". */
  maxDepth: number;
  globals!: LuaTable;
  /** The call from the host in progress. */
  context: HostContext | undefined;
  readonly host: HostPorts;
  /** `package`: what `require` works with, whatever the script does to its globals. */
  package: LuaTable | undefined;
  readonly random: Random;

  constructor(mode: Mode, maxDepth: number, host: HostPorts) {
    this.host = host;
    this.random = new Random(host.seed);
    this.mode = mode;
    this.maxDepth = maxDepth;
    this.numberText = mode === 'puc' ? pucNumberText : gopherNumberText;
    this.thread = new LuaThread(undefined, true);
    this.fns = this.thread.fns;
    this.pos = this.thread.pos;
  }

  /** Refills the fuel after looking at the limits; throws the `LuaStopError` of one that is passed. */
  tick(): void {
    const { budget } = this;
    this.fuel = budget?.slice ?? SLICE;
    budget?.look();
  }

  /** Accounts for work that is worth `steps` of a script. */
  spend(steps: number): void {
    this.fuel -= steps;
    if (this.fuel < 0) this.tick();
  }

  /** Throws the `LuaStopError` of a limit that would be passed by `ms` of work which can't be interrupted. */
  ahead(ms: number): void {
    this.budget?.ahead(ms);
  }

  /** Accounts for `bytes` of new string or table: the room, and the time to fill it. */
  grow(bytes: number): void {
    const { budget } = this;
    if (budget === undefined) return;
    this.fuel -= bytes >> 8;
    budget.grow(bytes);
    if (this.fuel > budget.slice) this.fuel = budget.slice;
  }

  /** Milliseconds that the call in progress has computed. */
  cpuTime(): number {
    return this.budget?.spent() ?? 0;
  }

  /** All results of calling `f` from a builtin. */
  *call(f: LuaValue, args: LuaValue[]): Running<LuaValue[]> {
    return many(yield* invoke(this, f, args));
  }

  /** The first result of calling `f` from a builtin. */
  *call1(f: LuaValue, args: LuaValue[]): Running<LuaValue> {
    return one(yield* invoke(this, f, args));
  }

  /** The site at which the function of depth `depth` stands; undefined for builtins and tail calls. */
  siteAt(depth: number): Site | undefined {
    const chunk = this.chunkAt(depth);
    const pos = this.pos[depth];
    return chunk === undefined || pos === undefined || pos < 0 ? undefined : chunk.sites[pos];
  }

  chunkAt(depth: number): Chunk | undefined {
    const fn = this.fns[depth];
    return fn instanceof LuaFunction ? fn.proto.chunk : undefined;
  }

  /** Depth of the function that called the running builtin. Builtins that call Lua are on the chain of calls, others aren't. */
  callerDepth(): number {
    return this.fns[this.depth] instanceof Builtin ? this.depth - 1 : this.depth;
  }

  /** `chunk:line: ` of the function `level` levels up (1: the one that called the builtin); empty when it has no line. */
  where(level: number): string {
    return this.position(this.callerDepth() - level + 1);
  }

  /** `chunk:line: ` of what runs at `depth`; empty when that isn't Lua. */
  position(depth: number): string {
    if (depth < 1) return '';
    const chunk = this.chunkAt(depth);
    const site = this.siteAt(depth);
    return chunk === undefined || site === undefined ? '' : `${chunk.shortSource}:${site.line}: `;
  }

  /** An error of a builtin: `message` after the position of its caller. */
  error(message: string): Error {
    return luaError(this.where(1) + message);
  }

  /** An error of an operation: `message` after the position of the running function, if that is Lua. */
  runError(message: string): Error {
    const error = luaError(this.position(this.depth) + message);
    error.operation = true;
    return error;
  }

  /** How many arguments the running builtin was given. */
  argumentCount(): number {
    const site = this.siteAt(this.callerDepth());
    return site === undefined || site.argc < 0 ? this.argc : site.argc;
  }

  /** The error of argument `n` (from 1) of the running builtin. */
  argError(n: number, message: string): Error {
    const site = this.siteAt(this.callerDepth());
    const call = site !== undefined && site.argc !== OPERATOR ? site : undefined;
    const name = call === undefined || call.name === '' ? '?' : call.name;
    if (call?.what === 'method') {
      if (n === 1) return this.error(`calling '${name}' on bad self (${message})`);
      return this.error(`bad argument #${n - 1} to '${name}' (${message})`);
    }
    return this.error(`bad argument #${n} to '${name}' (${message})`);
  }

  /** "attempt to `operation` local 'x' (a nil value)". */
  typeError(operation: string, value: LuaValue, what: string, name: string): Error {
    const subject = what === '' ? '' : `${what} '${name}' (`;
    const close = what === '' ? '' : ')';
    return this.runError(`attempt to ${operation} ${subject}a ${typeName(value)} value${close}`);
  }
}

/** `argc` of a site that isn't a call. */
export const OPERATOR = -2;
