import { type KeyRing, privateKeyPem } from '@sallyport/pki';
import type { Clock } from '@sallyport/runtime';
import type { Space } from '@sallyport/store';
import type { ChallengeType } from '../../challenges/challenges.ts';
import { AcmeChallengeError, AcmeProtocolError, CertsArgumentError } from '../../errors.ts';
import type { IssueRequest, Issuer } from '../issuer.ts';
import { outOfScope, type Scope } from '../scope.ts';
import { type Account, storeAccounts } from './accounts.ts';
import { acmeClient, type ExternalAccount, registerAccount } from './client.ts';
import { order } from './order.ts';
import { isAccountGone, toProblem } from './problem.ts';
import { createTransport } from './transport.ts';

export interface AcmeIssuerOptions {
  /** As it is configured. */
  readonly name: string;
  /** URL of the CA's directory. */
  readonly directory: string;
  /** Authorities of the directory's own TLS certificate, PEM; default: those of Node. */
  readonly trust?: string;
  /** Whether the operator agrees to the CA's terms of service. */
  readonly termsOfServiceAgreed: boolean;
  /** `mailto:` URLs. */
  readonly contact?: readonly string[];
  readonly externalAccount?: ExternalAccount;
  /** In order of preference; the next is tried, with a new order, when one fails. Default http-01, tls-alpn-01. */
  readonly challenges?: readonly ChallengeType[];
  /** Default `public`. */
  readonly scope?: Scope;
  /** How long one answer of the CA may take, milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
}

export interface AcmeIssuerPorts {
  /** The space `acme`, where accounts are kept. */
  readonly space: Space;
  /** The ring `acme-accounts`. */
  readonly ring: KeyRing;
  readonly clock: Clock;
}

/** A CA that speaks ACME (RFC 8555). Disposal closes its connections. */
export function createAcmeIssuer(
  ports: AcmeIssuerPorts,
  options: AcmeIssuerOptions,
): Issuer & Disposable {
  const { clock, ring, space } = ports;
  const { name, directory, externalAccount, trust, scope = 'public', timeoutMs = 10_000 } = options;
  const types = options.challenges ?? ['http-01', 'tls-alpn-01'];
  if (types.length === 0) throw new CertsArgumentError(`issuer ${name} must have a challenge type`);
  const transport = createTransport(clock, {
    ...{ directory, timeoutMs },
    ...(trust === undefined ? {} : { trust }),
  });
  const accounts = storeAccounts({ space, ring, clock }, { directory, kid: externalAccount?.kid });
  let account: Account | undefined;

  const clientOf = ({ key, url }: Account, signal: AbortSignal) =>
    acmeClient(
      transport,
      {
        ...{ directory, key: privateKeyPem(key) },
        ...(url === undefined ? {} : { account: url }),
        ...(externalAccount === undefined ? {} : { externalAccount }),
      },
      signal,
    );

  async function registered(signal: AbortSignal): Promise<Account> {
    const opened = account ?? (await accounts.open(signal));
    if (opened.url !== undefined) {
      account = opened;
      return opened;
    }
    const { termsOfServiceAgreed, contact } = options;
    const url = await registerAccount(await clientOf(opened, signal), {
      termsOfServiceAgreed,
      ...(contact === undefined ? {} : { contact }),
    });
    account = await accounts.moved(opened, url, signal);
    return { ...account, url };
  }

  /** Runs `work`; once more with a new account when the CA has lost the one we had. */
  async function withAccount<T>(
    work: (account: Account) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const known = await registered(signal);
    try {
      return await work(known);
    } catch (error) {
      if (!isAccountGone(error)) throw error;
      // Forget it only if it is still the one that is gone; another issuance may have made the new one.
      if (account?.url === known.url) account = await accounts.moved(known, undefined, signal);
      return await work(await registered(signal));
    }
  }

  async function issue({ names, key, challenges }: IssueRequest, signal: AbortSignal) {
    // Not before the first certificate is ordered: it takes a quarter of a second.
    const { crypto } = await import('acme-client');
    const [, csr] = await crypto.createCsr({ altNames: [...names] }, privateKeyPem(key));
    let failed: unknown;
    for (const type of types) {
      try {
        return await withAccount(async (known) => {
          const client = await clientOf(known, signal);
          return await order(names, csr, { client, transport, clock, challenges, type, signal });
        }, signal);
      } catch (error) {
        // A failed validation is the end of its order, not of the other type.
        if (!(error instanceof AcmeChallengeError)) throw error;
        failed = error;
      }
    }
    throw failed;
  }

  return {
    name,
    async issue(request, signal) {
      const foreign = outOfScope(scope, request.names);
      if (foreign !== undefined) {
        const detail = `${name} issues for ${scope} names only, ${foreign} is none`;
        return { issued: false, problem: { reason: 'scope', detail, elsewhere: true } };
      }
      try {
        return { issued: true, chain: await issue(request, signal) };
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const problem = toProblem(fromLibrary(error));
        if (problem === undefined) throw error;
        return { issued: false, problem };
      }
    },
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  };
}

/** acme-client throws bare `Error` for answers that it doesn't expect; everything else here has a class of its own. */
function fromLibrary(error: unknown): unknown {
  if (!(error instanceof Error) || error.constructor !== Error) return error;
  return new AcmeProtocolError(error.message || 'unexpected answer', { cause: error });
}
