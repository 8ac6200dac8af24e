import { checkString, optionalString, typeMismatch } from '../arguments.ts';
import { calling, plain } from '../builtin.ts';
import { finish } from '../call.ts';
import { compileSource, type Program } from '../codegen/compile.ts';
import { caught, LuaSyntaxError, luaError } from '../errors.ts';
import { Builtin, LuaFunction, type Running } from '../function.ts';
import { hostResult } from '../host-function.ts';
import type { Runtime } from '../runtime.ts';
import { programOf, type Source } from '../source.ts';
import type { LuaResult, LuaValue } from '../value.ts';

function functionOf(rt: Runtime, program: Program): LuaFunction {
  return new LuaFunction(program.code, rt, rt.globals, [], program.proto);
}

/** The function that `source` is, or nil and why it isn't one. */
function loaded(rt: Runtime, source: string, name: string): LuaResult {
  rt.grow(source.length * 16);
  try {
    return functionOf(rt, compileSource(source, name, rt.mode, rt));
  } catch (error) {
    if (error instanceof LuaSyntaxError) return [undefined, error.message];
    throw error;
  }
}

const loadstring = plain('loadstring', (rt, text, name) => {
  const source = checkString(rt, text, 1);
  return loaded(rt, source, optionalString(rt, name, 2, source));
});

const load = calling('load', function* (rt, reader, name): Running {
  if (!(reader instanceof LuaFunction || reader instanceof Builtin)) {
    throw typeMismatch(rt, 1, 'function', reader);
  }
  const chunk = optionalString(rt, name, 2, '=(load)');
  let source = '';
  try {
    for (;;) {
      const piece = yield* rt.call1(reader, []);
      if (piece === undefined || piece === '') break;
      if (typeof piece !== 'string') throw rt.error('reader function must return a string');
      source += piece;
      rt.grow(piece.length);
    }
  } catch (error) {
    return [undefined, caught(error)];
  }
  return loaded(rt, source, chunk);
});

/** Asks the resolver for a file; undefined when there is none. */
function* resolve(rt: Runtime, path: string): Running<Source | undefined> {
  const answer = rt.host.resolve?.(path);
  if (!(answer instanceof Promise)) return answer;
  let found: Source | undefined;
  yield* finish(
    rt,
    hostResult(
      answer.then((source) => {
        found = source;
        return undefined;
      }),
    ),
  );
  return found;
}

/** The function in a file; throws `LuaSyntaxError`. Undefined when there is no such file. */
export function* loadPath(rt: Runtime, path: string): Running<LuaFunction | undefined> {
  const source = yield* resolve(rt, path);
  return source === undefined
    ? undefined
    : functionOf(rt, programOf(source, `@${path}`, rt.mode, rt));
}

function* fileFunction(rt: Runtime, name: LuaValue): Running<LuaFunction | string> {
  // Without a name PUC reads standard input, which a script here doesn't have.
  const path = optionalString(rt, name, 1, 'stdin');
  try {
    return (yield* loadPath(rt, path)) ?? `cannot open ${path}: No such file or directory`;
  } catch (error) {
    if (error instanceof LuaSyntaxError) return error.message;
    throw error;
  }
}

const loadfile = calling('loadfile', function* (rt, name): Running {
  const found = yield* fileFunction(rt, name);
  return typeof found === 'string' ? [undefined, found] : found;
});

const dofile = calling('dofile', function* (rt, name): Running {
  const found = yield* fileFunction(rt, name);
  if (typeof found === 'string') throw luaError(found);
  return yield* rt.call(found, []);
});

/** What of `_G` turns text into functions. */
export const LOAD = { dofile, load, loadfile, loadstring };
