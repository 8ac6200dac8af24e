import { X509Certificate } from 'node:crypto';
import type { PrivateKey } from '@sallyport/pki';
import type { Challenges } from '../challenges/challenges.ts';
import { WrongCertificateError } from '../errors.ts';
import type { IssueProblem, Issuer } from '../issuer/issuer.ts';

export interface AttemptOptions {
  /** In order of preference. */
  readonly issuers: readonly Issuer[];
  readonly challenges: Challenges;
  /** How long one issuer may take. */
  readonly issuerTimeoutMs: number;
}

/** What came of asking the issuers. `issuer`: whose certificate or problem it is; absent when none does such names. */
export type Attempted =
  | { readonly issued: true; readonly issuer: string; readonly chain: Chain }
  | {
      readonly issued: false;
      readonly issuer: string | undefined;
      readonly problem: IssueProblem;
    };

export interface Chain {
  /** PEM, the leaf first. */
  readonly pem: string;
  /** Lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly serial: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Asks one issuer after the other, until one has issued or says that the others would fare no better. */
export async function attempt(
  name: string,
  key: PrivateKey,
  { issuers, challenges, issuerTimeoutMs }: AttemptOptions,
  signal: AbortSignal,
): Promise<Attempted> {
  let last: Attempted = {
    issued: false,
    issuer: undefined,
    problem: { reason: 'scope', detail: `no issuer serves ${name}`, elsewhere: false },
  };
  for (const issuer of issuers) {
    const problem = await ask(issuer);
    if (!('reason' in problem)) {
      return { issued: true, issuer: issuer.name, chain: problem };
    }
    if (problem.reason === 'scope') continue;
    last = { issued: false, issuer: issuer.name, problem };
    if (!problem.elsewhere) break;
  }
  return last;

  async function ask(issuer: Issuer): Promise<Chain | IssueProblem> {
    const late = AbortSignal.timeout(issuerTimeoutMs);
    try {
      const until = AbortSignal.any([signal, late]);
      const result = await issuer.issue({ names: [name], key, challenges }, until);
      return result.issued ? readChain(result.chain, name, key) : result.problem;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof WrongCertificateError) {
        return { reason: 'protocol', detail: error.message, elsewhere: true };
      }
      if (!late.aborted) throw error;
      const detail = `${issuer.name} took longer than ${issuerTimeoutMs} ms`;
      return { reason: 'unreachable', detail, elsewhere: true };
    }
  }
}

/** The leaf's facts; `WrongCertificateError` unless it is for `name` and `key`: a CA is believed in nothing else. */
function readChain(pem: string, name: string, key: PrivateKey): Chain {
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(pem);
  } catch (cause) {
    throw new WrongCertificateError(`chain for ${name} must begin with a certificate`, { cause });
  }
  if (leaf.checkHost(name) === undefined) {
    throw new WrongCertificateError(`certificate of ${leaf.subjectAltName} must be for ${name}`);
  }
  if (!leaf.checkPrivateKey(key.privateKey)) {
    throw new WrongCertificateError(`certificate for ${name} must be for the key that was sent`);
  }
  return {
    pem,
    fingerprint: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
    serial: leaf.serialNumber.toLowerCase(),
    notBefore: leaf.validFromDate.getTime(),
    notAfter: leaf.validToDate.getTime(),
  };
}
