export { type Auth, createAuth } from './auth.ts';
export { type AuthConfig, authConfig } from './config.ts';
export type { Accept, Reject } from './decision.ts';
export {
  AuthStoppedError,
  BanConflictError,
  LoginRequestError,
  SealedPasswordError,
  StageTimeoutError,
  UnusableHashError,
  UsersFileError,
} from './errors.ts';
export type { Login, LoginFacts } from './login.ts';
export type { Backend, BackendAnswer, BackendMatch } from './pipeline/backends/backend.ts';
export type { Feature, FeatureAnswer } from './pipeline/features/feature.ts';
export type { Filter, FilterAnswer } from './pipeline/filters/filter.ts';
export type { FailPolicy, Stage } from './pipeline/stage.ts';
export type { AuthPorts } from './ports.ts';
