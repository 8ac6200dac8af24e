import { checkAny } from '../arguments.ts';
import { calling } from '../builtin.ts';
import { caught } from '../errors.ts';
import type { Running } from '../function.ts';
import type { Runtime } from '../runtime.ts';
import type { LuaValue } from '../value.ts';

/** `pcall (f, ...)`. Doesn't catch what stops the script. */
export const pcall = calling('pcall', function* (rt, f, ...args): Running {
  checkAny(rt, f, 1);
  const { depth } = rt;
  try {
    return [true, ...(yield* rt.call(f, args))];
  } catch (error) {
    const value = caught(error);
    rt.depth = depth;
    return [false, value];
  }
});

/** `xpcall (f, handler)`. The handler runs where the error was raised, so that it can look at the calls that led there. */
export const xpcall = calling('xpcall', function* (rt, f, handler): Running {
  if (rt.argc < 2) throw rt.argError(2, 'value expected');
  const { depth } = rt;
  try {
    return [true, ...(yield* rt.call(f, []))];
  } catch (error) {
    const value = caught(error);
    const results = yield* handle(rt, handler, value);
    rt.depth = depth;
    return [false, ...results];
  }
});

function* handle(rt: Runtime, handler: LuaValue, value: LuaValue): Running<LuaValue[]> {
  try {
    return yield* rt.call(handler, [value]);
  } catch (error) {
    // An error in the handler (LUA_ERRERR). A stop goes on.
    return [caught(error) === undefined ? undefined : 'error in error handling'];
  }
}
