import { finish } from './call.ts';
import type { Running, Suspension } from './function.ts';
import type { Runtime } from './runtime.ts';
import { Deeper, Special } from './suspension.ts';
import type { LuaThread } from './thread.ts';
import type { LuaResult, LuaValue } from './value.ts';

/**
 * Calls nested on one JavaScript stack. Small enough that a default stack bears that many of the largest frames; beyond
 * it the chain of calls goes on from a fresh stack, so that a script's depth is only bounded by `maxDepth`.
 */
export const STACK_ROOM = 190;

/** What `advance` gives when the thread has returned. */
export const ENDED: unique symbol = Symbol('ended');

/** Begins a stretch of the running thread. */
export function begin(rt: Runtime, thread: LuaThread, running: Running): void {
  thread.stretches.push({ running, start: rt.depth });
  setLimit(rt, thread);
}

function setLimit(rt: Runtime, thread: LuaThread): void {
  const start = thread.stretches.at(-1)?.start ?? 0;
  rt.limit = Math.min(start + thread.room, rt.maxDepth);
}

/**
 * Runs `thread`, which must be the runtime's present one, until it returns (`ENDED`, with `thread.result` set), throws, or suspends for
 * something outside it. `sent` is what its last suspension settled to; `failed` that it settled to an error.
 */
export function advance(
  rt: Runtime,
  thread: LuaThread,
  sent: unknown,
  failed: boolean,
): Suspension | typeof ENDED {
  const { stretches } = thread;
  let value = sent;
  let raise = failed;
  for (;;) {
    const top = stretches[stretches.length - 1];
    if (top === undefined) throw new Error('a thread without a stretch was resumed');
    let step: IteratorResult<unknown, LuaResult>;
    try {
      step = raise ? top.running.throw(value) : top.running.next(value as LuaValue[]);
    } catch (error) {
      stretches.pop();
      if (stretches.length === 0) throw error;
      setLimit(rt, thread);
      value = error;
      raise = true;
      continue;
    }
    raise = false;
    if (!step.done) {
      if (!(step.value instanceof Deeper)) return step.value;
      begin(rt, thread, step.value.running);
      value = undefined;
    } else if (step.value instanceof Special) {
      top.running = finish(rt, step.value);
      value = undefined;
    } else {
      stretches.pop();
      value = step.value;
      if (stretches.length === 0) {
        thread.result = step.value;
        return ENDED;
      }
      setLimit(rt, thread);
    }
  }
}

/** Makes `thread` the running one. */
export function enter(rt: Runtime, thread: LuaThread, room: number): void {
  thread.room = room;
  rt.thread = thread;
  rt.fns = thread.fns;
  rt.pos = thread.pos;
  rt.depth = thread.depth;
  setLimit(rt, thread);
}

/** Keeps the state of the running thread before another one is entered. */
export function leave(rt: Runtime): void {
  rt.thread.depth = rt.depth;
  rt.thread.limit = rt.limit;
}
