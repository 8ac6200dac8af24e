import { X509Certificate } from 'node:crypto';
import type { CertificateAuthority } from '@sallyport/pki';
import type { Clock } from '@sallyport/runtime';
import type { Issuer } from './issuer.ts';
import { outOfScope, type Scope } from './scope.ts';

export interface InternalIssuerOptions {
  /** As it is configured. Default `internal`. */
  readonly name?: string;
  /** Default `private`: browsers trust it only where its certificate was installed. */
  readonly scope?: Scope;
  /** How long certificates are valid, milliseconds; never longer than the authority's own. Default 7 days. */
  readonly validityMs?: number;
}

/** Certificates are valid from so long ago, for clients whose clocks are late; short-lived ones from a tenth of their time. */
const BACKDATE_MS = 3_600_000;

/** Our own CA: no challenges, no waiting, no limits. */
export function createInternalIssuer(
  ports: { readonly authority: CertificateAuthority; readonly clock: Clock },
  options: InternalIssuerOptions = {},
): Issuer {
  const { authority, clock } = ports;
  const { name = 'internal', scope = 'private', validityMs = 7 * 86_400_000 } = options;
  const backdateMs = Math.min(BACKDATE_MS, validityMs / 10);
  const own = new X509Certificate(authority.certificate);
  return {
    name,
    async issue({ names, key }, signal) {
      const foreign = outOfScope(scope, names);
      if (foreign !== undefined) {
        const detail = `${name} issues for ${scope} names only, ${foreign} is none`;
        return { issued: false, problem: { reason: 'scope', detail, elsewhere: true } };
      }
      const now = clock.now();
      const end = own.validToDate.getTime();
      if (end <= now) {
        const detail = `the certificate of ${name} itself ended at ${own.validToDate.toISOString()}`;
        return { issued: false, problem: { reason: 'server', detail, elsewhere: true } };
      }
      const chain = await authority.issue(
        {
          publicKey: key.publicKey,
          dnsNames: names,
          usages: ['server'],
          notBefore: Math.max(now - backdateMs, own.validFromDate.getTime()),
          notAfter: Math.min(now + validityMs, end),
        },
        signal,
      );
      return { issued: true, chain };
    },
  };
}
