export type { Limits } from './budget.ts';
export type { CallOptions } from './call-options.ts';
export type { Program } from './codegen/compile.ts';
export { compile } from './compile.ts';
export { type ConvertOptions, decodeUtf8, encodeUtf8, fromLua, toLua } from './convert.ts';
export {
  createEnvironment,
  type Environment,
  type EnvironmentOptions,
} from './environment.ts';
export { LuaError, LuaStopError, LuaSyntaxError, type StopReason } from './errors.ts';
export type { Builtin, LuaFunction } from './function.ts';
export type { HostContext } from './host-context.ts';
export {
  type HostFunction,
  type HostGenerator,
  hostFunction,
  hostGenerator,
} from './host-function.ts';
export {
  Isolate,
  type IsolateContext,
  type IsolateFunction,
  type IsolateOptions,
  type IsolateRun,
} from './isolate/isolate.ts';
export type { IoOptions } from './lib/io.ts';
export type { Mode } from './runtime.ts';
export type { Resolver, Source } from './source.ts';
export { LuaTable } from './table.ts';
export { Userdata } from './userdata.ts';
export type { LuaValue } from './value.ts';
