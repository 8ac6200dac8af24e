import type { Builtin, LuaFunction, Running } from './function.ts';
import type { LuaValue } from './value.ts';

export type ThreadStatus = 'suspended' | 'running' | 'normal' | 'dead';

/**
 * A coroutine, or the main thread of a call from the host: its chain of calls. `fns[d]` runs at depth `d` and stands
 * at site `pos[d]` of its chunk (negative: it stands in a tail call).
 */
export class LuaThread {
  readonly fns: (LuaFunction | Builtin | undefined)[] = [undefined];
  readonly pos: number[] = [0];
  depth = 0;
  /** Depth at which the present JavaScript stack has been used up. */
  limit = 0;
  /** JavaScript frames under this thread's own ones. */
  base = 0;
  status: ThreadStatus = 'suspended';
  readonly main: boolean;
  /** What it runs, innermost stretch last; each stretch has a JavaScript stack of its own. */
  readonly stretches: Stretch[] = [];
  start: LuaValue;

  constructor(start: LuaValue, main: boolean) {
    this.start = start;
    this.main = main;
  }
}

/** A piece of a thread's call chain that runs on one JavaScript stack. */
export interface Stretch {
  readonly running: Running;
  /** What `limit` was before it. */
  readonly limit: number;
}
