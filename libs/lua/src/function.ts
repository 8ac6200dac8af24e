import type { Runtime } from './runtime.ts';
import type { LuaTable } from './table.ts';
import type { LuaResult, LuaValue } from './value.ts';

/** What a running generator hands to whoever drives it: see `suspension.ts`. */
export type Suspension = unknown;

/** A stretch of Lua in progress. It yields suspensions, is sent what they settle to, and returns the results. */
export type Running<T = LuaResult> = Generator<Suspension, T, LuaValue[]>;

/** The body of a Lua function as generated: `self` first, then the arguments. */
export type Code = (self: LuaFunction, ...args: LuaValue[]) => Running;

/** A place in the source that can raise an error or be looked at: a call, an index, an operator. */
export interface Site {
  readonly line: number;
  /** The kind of name of what is called, indexed, or of the left operand: `global`, `local`, `method`, `field`, `upvalue`, or ''. */
  readonly what: string;
  readonly name: string;
  readonly what2: string;
  readonly name2: string;
  /** Arguments given by a call; -1 when only known at run time. */
  readonly argc: number;
}

/** One compiled source text. */
export interface Chunk {
  /** As given to `load`: `=name`, `@file`, or the source itself. */
  readonly source: string;
  /** `source` as it appears in messages. */
  readonly shortSource: string;
  readonly sites: readonly Site[];
}

/** What all closures of one function expression share. */
export interface Proto {
  readonly chunk: Chunk;
  /** Lines of `function` and `end`; 0 for a main chunk. */
  readonly line: number;
  readonly lastLine: number;
  readonly upvalues: readonly string[];
  readonly params: number;
  readonly vararg: boolean;
}

/** A variable that a closure shares with others because somebody assigns to it. */
export class Box {
  v: LuaValue;

  constructor(v: LuaValue) {
    this.v = v;
  }
}

/** A closure. Public fields: generated code reads them. */
export class LuaFunction {
  readonly code: Code;
  readonly rt: Runtime;
  env: LuaTable;
  /** Upvalues in the order of `proto.upvalues`: the value itself if nobody assigns to it, else its box. */
  readonly ups: (LuaValue | Box)[];
  readonly proto: Proto;

  constructor(code: Code, rt: Runtime, env: LuaTable, ups: (LuaValue | Box)[], proto: Proto) {
    this.code = code;
    this.rt = rt;
    this.env = env;
    this.ups = ups;
    this.proto = proto;
  }
}

/** A function written in JavaScript. Holds nothing of a run, so that all runs share it. */
export class Builtin {
  readonly name: string;
  readonly fn: (rt: Runtime, ...args: LuaValue[]) => LuaResult;

  constructor(name: string, fn: (rt: Runtime, ...args: LuaValue[]) => LuaResult) {
    this.name = name;
    this.fn = fn;
  }
}
