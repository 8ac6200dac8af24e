import { checkAny } from '../arguments.ts';
import { calling } from '../builtin.ts';
import { caught, LuaError } from '../errors.ts';
import { Builtin, type Running } from '../function.ts';
import { OPERATOR, type Runtime } from '../runtime.ts';
import { type LuaValue, NONE } from '../value.ts';

/** `pcall (f, ...)`. Doesn't catch what stops the script. */
export const pcall = calling('pcall', function* (rt, f, ...args): Running {
  checkAny(rt, f, 1);
  try {
    return [true, ...(yield* rt.call(f, args))];
  } catch (error) {
    return [false, caught(error)];
  }
});

/** `xpcall (f, handler)`. The handler runs where the error was raised, so that it can look at the calls that led there. */
export const xpcall = calling('xpcall', function* (rt, f, handler): Running {
  if (rt.argc < 2) throw rt.argError(2, 'value expected');
  try {
    return [true, ...(yield* rt.call(f, []))];
  } catch (error) {
    return [false, yield* handle(rt, handler, caught(error), error)];
  }
});

function* handle(
  rt: Runtime,
  handler: LuaValue,
  value: LuaValue,
  error: unknown,
): Running<LuaValue> {
  const { depth } = rt;
  const site = rt.siteAt(depth);
  // A builtin that raised the error isn't on the chain of calls, but tracebacks show it.
  if (
    error instanceof LuaError &&
    !error.operation &&
    site !== undefined &&
    site.argc !== OPERATOR
  ) {
    rt.depth = depth + 1;
    rt.fns[depth + 1] = raiser;
    rt.pos[depth + 1] = 0;
  }
  // The error may be that there is no room left; handling it needs some.
  rt.maxDepth += HANDLER_ROOM;
  try {
    return yield* insist(rt, handler, value);
  } finally {
    rt.maxDepth -= HANDLER_ROOM;
  }
}

/** An error in the handler is handled by the handler, until PUC's C stack ends (LUA_ERRERR); a stop goes on. */
function* insist(rt: Runtime, handler: LuaValue, value: LuaValue): Running<LuaValue> {
  let subject = value;
  for (let i = 0; i < HANDLER_ERRORS; i += 1) {
    try {
      return yield* rt.call1(handler, [subject]);
    } catch (inner) {
      subject = caught(inner);
    }
  }
  return 'error in error handling';
}

const HANDLER_ERRORS = 200;
const HANDLER_ROOM = 200;

const raiser = new Builtin('?', () => NONE);
