import { createHash } from 'node:crypto';

/**
 * Whose client certificates are trusted. Sessions are resumed only within one group: taking an authority out makes it another
 * group, and what must not share sessions (two tenants with the same authority) has different ids.
 */
export interface TrustGroup {
  readonly id: string;
  /** Certificates of authorities, PEM; at least one. */
  readonly authorities: readonly string[];
}

/** How handshakes of a connection go. Immutable. */
export type HandshakePolicy = {
  /** Protocols by ALPN, ours first choice first; empty: ALPN isn't answered. */
  readonly alpn: readonly string[];
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Whether sessions can be resumed. */
  readonly tickets: boolean;
} & (
  | { readonly clientCertificate: 'off' }
  | {
      /** `request`: a connection without a good certificate goes on, and its facts say so. `require`: it ends. */
      readonly clientCertificate: 'request' | 'require';
      readonly trust: TrustGroup;
    }
);

/** All policies that are alike; connections of one class may resume each other's sessions. */
export interface PolicyClass {
  /** 32 hexadecimal digits; also OpenSSL's session id context, which takes no more. */
  readonly digest: string;
  readonly policy: HandshakePolicy;
}

const known = new WeakMap<HandshakePolicy, PolicyClass>();

/** The class of a policy; computed once per object. */
export function policyClass(policy: HandshakePolicy): PolicyClass {
  let found = known.get(policy);
  if (found === undefined) {
    found = { digest: digest(policy), policy };
    known.set(policy, found);
  }
  return found;
}

/** Everything that decides over a connection goes in, so that a session made under other terms is never resumed. */
function digest(policy: HandshakePolicy): string {
  const { alpn, minVersion, tickets, clientCertificate } = policy;
  const trust =
    policy.clientCertificate === 'off'
      ? null
      : { id: policy.trust.id, authorities: [...policy.trust.authorities].sort() };
  const text = JSON.stringify([1, clientCertificate, trust, alpn, minVersion, tickets]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
