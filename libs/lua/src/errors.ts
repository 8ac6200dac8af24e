import type { LuaValue } from './value.ts';

/** Makes an error without paying for a JavaScript stack, which says nothing about a script. */
function quickly<T>(make: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** An error raised by a script or a library function: what `pcall` catches. `value` is any Lua value. */
export class LuaError extends Error {
  readonly code = 'SP_ERR_LUA_ERROR';
  readonly value: LuaValue;
  /** Raised by an operation of the language, not by a library function. */
  operation = false;
  /** Where it was raised, as `debug.traceback` words it; filled in when it leaves the script uncaught. */
  traceback: string | undefined;

  constructor(value: LuaValue, cause?: unknown) {
    super(
      typeof value === 'string' || typeof value === 'number'
        ? String(value)
        : '(error object is not a string)',
      cause === undefined ? undefined : { cause },
    );
    this.name = 'LuaError';
    this.value = value;
  }
}

/** A `LuaError` made quickly. */
export function luaError(value: LuaValue, cause?: unknown): LuaError {
  return quickly(() => new LuaError(value, cause));
}

/** A source text that isn't Lua. The message is `chunk:line: what is wrong near 'token'`. */
export class LuaSyntaxError extends Error {
  readonly code = 'SP_ERR_LUA_SYNTAX';

  constructor(message: string) {
    super(message);
    this.name = 'LuaSyntaxError';
  }
}

/** Which limit ended a script. */
export type StopReason = 'cpu' | 'deadline' | 'fuel' | 'memory' | 'aborted';

/** The script was ended by one of its limits or its signal. Nothing inside the script can catch it. */
export class LuaStopError extends Error {
  readonly code = 'SP_ERR_LUA_STOPPED';
  readonly reason: StopReason;

  constructor(reason: StopReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'LuaStopError';
    this.reason = reason;
  }
}

/**
 * The value a script's `pcall` sees for `error`; rethrows what no script may catch: stops and defects of the engine.
 */
export function caught(error: unknown): LuaValue {
  if (error instanceof LuaError) return error.value;
  if (error instanceof RangeError) return exhausted(error);
  throw error;
}

/** What V8 ran out of, in Lua's words. */
export function exhausted(error: RangeError): string {
  return /call stack/.test(error.message) ? 'stack overflow' : 'not enough memory';
}
