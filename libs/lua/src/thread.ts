import type { Builtin, LuaFunction, Running } from './function.ts';
import type { LuaResult, LuaValue } from './value.ts';

export type ThreadStatus = 'suspended' | 'running' | 'normal' | 'dead';

/** A piece of a thread's call chain that runs on one JavaScript stack. */
export interface Stretch {
  running: Running;
  /** The thread's depth where it starts. */
  readonly start: number;
}

/**
 * A coroutine, or the main thread of a call from the host: its chain of calls. `fns[d]` runs at depth `d` and stands
 * at site `pos[d]` of its chunk (negative: it stands in a tail call).
 */
export class LuaThread {
  readonly fns: (LuaFunction | Builtin | undefined)[] = [undefined];
  readonly pos: number[] = [0];
  /** `rt.depth` and `rt.limit` while another thread runs. */
  depth = 0;
  limit = 0;
  /** Calls that may be nested on the JavaScript stack under this thread. */
  room = 0;
  status: ThreadStatus = 'suspended';
  /** What it runs, innermost last. */
  readonly stretches: Stretch[] = [];
  /** Its function, until it starts. */
  start: LuaValue;
  /** What it returned. */
  result: LuaResult = undefined;
  /** Whether this is a call from the host, which can't yield. */
  readonly main: boolean;

  constructor(start: LuaValue, main: boolean) {
    this.start = start;
    this.main = main;
  }
}
