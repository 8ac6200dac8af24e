import type { Client } from 'acme-client';
import { AcmeProtocolError } from '../../errors.ts';
import type { Transport } from './transport.ts';

/** External account binding (RFC 8555 section 7.3.4): the CA's name for us and the key that goes with it, base64url. */
export interface ExternalAccount {
  readonly kid: string;
  readonly hmacKey: string;
}

export interface ClientOptions {
  readonly directory: string;
  /** Account key, PEM. */
  readonly key: string;
  /** The account's URL, once it has one. */
  readonly account?: string;
  readonly externalAccount?: ExternalAccount;
}

/** The parts of acme-client 5.4 that are replaced for each client, beside its public interface. */
interface Inside {
  readonly http: {
    request(url: string, method: string, options?: { data?: unknown }): Promise<unknown>;
    getNonce(): Promise<string>;
    getDirectory(): Promise<unknown>;
  };
  readonly api: {
    createAccount(data: object): Promise<{ headers: Readonly<Record<string, string | undefined>> }>;
  };
}

export type AcmeClient = Client & Inside;

/**
 * An acme-client for one issuance. Its own transport (axios, one for the whole process) sleeps through Retry-After, asks
 * for a nonce before every request, opens a connection for each, can't be cancelled and loses the type of every problem;
 * ours is put in its place, for this client only.
 */
export async function acmeClient(
  transport: Transport,
  options: ClientOptions,
  signal: AbortSignal,
): Promise<AcmeClient> {
  const { Client } = await import('acme-client');
  const { directory, key, account, externalAccount } = options;
  const client = new Client({
    directoryUrl: directory,
    accountKey: key,
    ...(account === undefined ? {} : { accountUrl: account }),
    ...(externalAccount === undefined ? {} : { externalAccountBinding: externalAccount }),
  }) as AcmeClient;
  Object.assign(client.http, {
    request: (url: string, method: string, { data }: { data?: unknown } = {}) =>
      transport.request(method, url, data, signal),
    getNonce: () => transport.nonce(signal),
    getDirectory: () => transport.directory(signal),
  } satisfies Inside['http']);
  return client;
}

/**
 * Makes the account, or finds the one that the key already has (RFC 8555 section 7.3.1), and gives its URL. Not by the public
 * `createAccount`, which follows with an update that strict servers refuse.
 */
export async function registerAccount(
  client: AcmeClient,
  data: { readonly termsOfServiceAgreed: boolean; readonly contact?: readonly string[] },
): Promise<string> {
  const { headers } = await client.api.createAccount({ ...data });
  if (headers['location'] !== undefined) return headers['location'];
  throw new AcmeProtocolError('answer to newAccount must have a Location');
}
