import { LuaError, LuaStopError, LuaSyntaxError, luaError, type StopReason } from '../errors.ts';
import { type Failure, pack, unpack } from './wire.ts';

/** An error as it crosses. An error value that can't is replaced by its text. */
export function failureOf(error: unknown): Failure {
  if (error instanceof LuaStopError) {
    return { kind: 'stop', message: error.message, reason: error.reason };
  }
  if (error instanceof LuaSyntaxError) return { kind: 'syntax', message: error.message };
  if (!(error instanceof LuaError)) {
    return { kind: 'other', message: error instanceof Error ? error.message : String(error) };
  }
  const { message, traceback } = error;
  const rest = traceback === undefined ? {} : { traceback };
  try {
    return { kind: 'error', message, value: pack([error.value]), ...rest };
  } catch {
    return { kind: 'error', message, value: pack([message]), ...rest };
  }
}

/** The error that `failure` was. */
export function errorOf(failure: Failure): Error {
  switch (failure.kind) {
    case 'stop':
      return new LuaStopError(failure.reason as StopReason, failure.message);
    case 'syntax':
      return new LuaSyntaxError(failure.message);
    case 'error': {
      const error = luaError(
        failure.value === undefined ? failure.message : unpack(failure.value)[0],
      );
      error.traceback = failure.traceback;
      return error;
    }
    case 'other':
      return new Error(failure.message);
  }
}
