import { calling, later, plain } from '../builtin.ts';
import { invoke, many } from '../call.ts';
import { caught, LuaError, luaError } from '../errors.ts';
import { Builtin, LuaFunction, type Running } from '../function.ts';
import type { Runtime } from '../runtime.ts';
import { advance, begin, ENDED, enter, leave } from '../stretch.ts';
import { Yielded } from '../suspension.ts';
import { LuaThread } from '../thread.ts';
import type { LuaValue } from '../value.ts';

/** JavaScript frames that a resume needs, in calls. */
const RESUME_COST = 4;

function checkFunction(rt: Runtime, value: LuaValue): LuaValue {
  if (value instanceof LuaFunction) return value;
  // PUC's coroutines can't start in a function of the host.
  if (value instanceof Builtin && rt.mode === 'gopher') return value;
  throw rt.argError(1, 'Lua function expected');
}

function checkThread(rt: Runtime, value: LuaValue): LuaThread {
  if (value instanceof LuaThread) return value;
  throw rt.argError(1, 'coroutine expected');
}

/** Runs a coroutine until it yields or ends; waits of the host inside it are passed on. Throws what it throws. */
function* resumeThread(rt: Runtime, co: LuaThread, args: LuaValue[]): Running<LuaValue[]> {
  const resumer = rt.thread;
  const room = rt.limit - rt.depth - RESUME_COST;
  if (room < RESUME_COST) throw rt.runError('C stack overflow');
  leave(rt);
  resumer.status = 'normal';
  co.status = 'running';
  enter(rt, co, room);
  let sent: unknown = args;
  let failed = false;
  if (co.stretches.length === 0) {
    begin(rt, co, invoke(rt, co.start, args));
    co.start = undefined;
    sent = undefined;
  }
  try {
    for (;;) {
      const suspension = advance(rt, co, sent, failed);
      failed = false;
      if (suspension === ENDED) {
        co.status = 'dead';
        return many(co.result);
      }
      if (suspension instanceof Yielded) {
        co.status = 'suspended';
        return suspension.values;
      }
      // The driver comes back with this coroutine as the running thread.
      try {
        sent = yield suspension;
      } catch (error) {
        sent = error;
        failed = true;
      }
    }
  } catch (error) {
    co.status = 'dead';
    throw error;
  } finally {
    leave(rt);
    resumer.status = 'running';
    enter(rt, resumer, resumer.room);
  }
}

/** Why `co` can't be resumed; undefined when it can. */
function refusal(co: LuaThread): string | undefined {
  return co.status === 'suspended' ? undefined : `cannot resume ${co.status} coroutine`;
}

const create = plain('create', (rt, f) => new LuaThread(checkFunction(rt, f), false));

const resume = calling('resume', function* (rt, target, ...args) {
  const co = checkThread(rt, target);
  const reason = refusal(co);
  if (reason !== undefined) return [false, reason];
  try {
    return [true, ...(yield* resumeThread(rt, co, args))];
  } catch (error) {
    return [false, caught(error)];
  }
});

const wrap = plain('wrap', (rt, f) => {
  const co = new LuaThread(checkFunction(rt, f), false);
  return calling('wrap', function* (inner, ...args) {
    const reason = refusal(co);
    if (reason !== undefined) throw inner.error(reason);
    try {
      return yield* resumeThread(inner, co, args);
    } catch (error) {
      const value = caught(error);
      // As luaB_auxwrap: a text gets the position of the caller in front.
      if (typeof value === 'string') throw luaError(inner.where(1) + value, error);
      throw error instanceof LuaError ? error : luaError(value, error);
    }
  });
});

const yielding: Builtin = plain('yield', (rt, ...args) => {
  if (rt.thread.main) throw luaError('attempt to yield across metamethod/C-call boundary');
  return later(yielding, waitForResume(args), args.length);
});

function* waitForResume(args: LuaValue[]): Running {
  return yield new Yielded(args);
}

const running = plain('running', (rt) => (rt.thread.main ? undefined : rt.thread));

const status = plain('status', (rt, co) => {
  return checkThread(rt, co).status;
});

export const COROUTINE = { create, resume, running, status, wrap, yield: yielding };
