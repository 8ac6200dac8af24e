export type { Challenge, Challenges, ChallengeType } from './challenges/challenges.ts';
export {
  alpnChallengeAad,
  alpnChallengeKey,
  alpnChallenges,
  httpChallengeKey,
  httpChallenges,
  storeChallenges,
} from './challenges/store-challenges.ts';
export { CertsArgumentError } from './errors.ts';
export {
  type AcmeIssuerOptions,
  type AcmeIssuerPorts,
  createAcmeIssuer,
} from './issuer/acme/acme.ts';
export { createInternalIssuer, type InternalIssuerOptions } from './issuer/internal.ts';
export type { IssueProblem, IssueRequest, IssueResult, Issuer } from './issuer/issuer.ts';
export { isPrivateName, type Scope } from './issuer/scope.ts';
