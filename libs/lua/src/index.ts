export type { Limits } from './budget.ts';
export type { CallOptions } from './call-options.ts';
export type { Program } from './codegen/compile.ts';
export { compile } from './compile.ts';
export {
  createEnvironment,
  type Environment,
  type EnvironmentOptions,
} from './environment.ts';
export { LuaError, LuaStopError, LuaSyntaxError, type StopReason } from './errors.ts';
export type { HostContext } from './host-context.ts';
export type { Mode } from './runtime.ts';
export { LuaTable } from './table.ts';
export { Userdata } from './userdata.ts';
export type { LuaValue } from './value.ts';
