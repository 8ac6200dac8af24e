export { type Certs, createCerts } from './certs.ts';
export type { Challenge, Challenges, ChallengeType } from './challenges/challenges.ts';
export { storeChallenges } from './challenges/store-challenges.ts';
export {
  type ChangeLog,
  type ChangeLogPorts,
  createChangeLog,
} from './changes/change-log.ts';
export { type CertsConfig, certsConfig } from './config.ts';
export { CertsArgumentError } from './errors.ts';
export {
  type AcmeIssuerOptions,
  type AcmeIssuerPorts,
  createAcmeIssuer,
} from './issuer/acme/acme.ts';
export { createInternalIssuer, type InternalIssuerOptions } from './issuer/internal.ts';
export type { IssueProblem, IssueRequest, IssueResult, Issuer } from './issuer/issuer.ts';
export { isPrivateName, type Scope } from './issuer/scope.ts';
export { type CheckedName, checkName } from './obtain/name.ts';
export {
  createObtaining,
  type Obtaining,
  type ObtainOptions,
  type ObtainPorts,
} from './obtain/obtain.ts';
export type { Outcome } from './obtain/outcome.ts';
export {
  createPermission,
  type Hello,
  type Permission,
  type PermissionOptions,
  type RouteNames,
} from './obtain/permission.ts';
export { leaseKey } from './obtain/records.ts';
export { registeredName } from './obtain/registered-name.ts';
export { namesOf } from './obtain/route-names.ts';
export type { CertsPorts } from './ports.ts';
