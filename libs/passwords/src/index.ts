export { createEngine } from './engine.ts';
export { PasswordOptionsError, PasswordsClosedError, PasswordWorkerError } from './errors.ts';
export type { Limits } from './limits.ts';
export type { Costs, MakeScheme } from './make.ts';
export { createPasswords, type Made, type PasswordOptions, type Passwords } from './passwords.ts';
export type { Busy, PasswordFault, Refused, Unusable, Verdict } from './verdict.ts';
export type {
  Argon2Work,
  BcryptWork,
  DigestWork,
  Engine,
  ScryptWork,
  ShaCryptWork,
  Work,
} from './work.ts';
