import type { Limits } from './budget.ts';

/** How the host calls a script. */
export interface CallOptions {
  readonly limits?: Limits;
  /** Ends the script, and the host calls it waits for. */
  readonly signal?: AbortSignal;
  /** Handed to host functions as `ctx.data`. */
  readonly data?: unknown;
}
