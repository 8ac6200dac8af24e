import type { ClientHello } from '../hello/client-hello.ts';
import { ALERT } from './alert.ts';
import { type HandshakePolicy, type PolicyClass, policyClass } from './policy.ts';
import type {
  Certificate,
  CertificateSource,
  ChallengeCertificates,
  ClientAddress,
  HandshakePolicies,
  Refusal,
} from './ports.ts';

/** What a handshake goes on with. */
export interface Decision {
  readonly of: PolicyClass;
  readonly certificate: Certificate;
  /** A challenge's connection has served its purpose when the handshake is done (RFC 8737 section 3). */
  readonly challenge: boolean;
}

export interface DecisionPorts {
  readonly policies: HandshakePolicies;
  readonly certificates: CertificateSource;
  readonly challenges: ChallengeCertificates;
}

/** Runs one question with its own deadline: a Refusal with `reason` when that passes or the answer is an error. */
export type Within = <Answer>(
  question: 'policy' | 'certificate' | 'challenge',
  ask: (signal: AbortSignal) => Promise<Answer>,
) => Promise<Answer | Refusal>;

const ACME = 'acme-tls/1';

const CHALLENGE: HandshakePolicy = {
  alpn: [ACME],
  minVersion: 'TLSv1.2',
  tickets: false,
  clientCertificate: 'off',
};

/**
 * Policy and certificate for a hello. A challenge is answered before anybody is asked about policies: validation comes before there is a
 * certificate, a route or permission for anything else.
 */
export async function decide(
  hello: ClientHello,
  client: ClientAddress,
  { policies, certificates, challenges }: DecisionPorts,
  fallback: Certificate | undefined,
  within: Within,
): Promise<Decision | Refusal> {
  const name = hello.serverName;
  // RFC 8737 section 3: the validator offers this protocol alone.
  if (hello.alpn.length === 1 && hello.alpn[0] === ACME) {
    const found =
      name === undefined
        ? undefined
        : await within('challenge', (signal) => challenges.find(name, signal));
    if (found === undefined) return { refused: 'no-challenge', alert: ALERT.unrecognizedName };
    if ('refused' in found) return found;
    return { of: policyClass(CHALLENGE), certificate: found, challenge: true };
  }
  const policy = await within('policy', (signal) => policies.decide(hello, client, signal));
  if ('refused' in policy) return { alert: ALERT.accessDenied, ...policy };
  const of = policyClass(policy);
  const found = await within('certificate', (signal) =>
    certificates.find(name, hello, signal, client),
  );
  if (!('refused' in found)) return { of, certificate: found, challenge: false };
  if (fallback !== undefined) return { of, certificate: fallback, challenge: false };
  return { alert: ALERT.unrecognizedName, ...found };
}
