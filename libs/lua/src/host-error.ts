import { LuaError, LuaStopError, luaError } from './errors.ts';
import type { Runtime } from './runtime.ts';

/** What a host function threw or was rejected with, as an error that Lua can catch, with the position of the call. */
export function hostError(rt: Runtime, error: unknown): unknown {
  if (error instanceof LuaError || error instanceof LuaStopError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return luaError(rt.where(1) + Buffer.from(message).toString('latin1'), error);
}
