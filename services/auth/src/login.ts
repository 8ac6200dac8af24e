import type { authDecide, DataOf } from '@sallyport/contracts';
import { LoginRequestError } from './errors.ts';
import { type Address, parseAddress } from './network.ts';

/** What is known of a login besides its password; goes into the event and the jobs as it is. */
export type LoginFacts = Omit<DataOf<typeof authDecide>, 'password' | 'attempt'>;

/** A login on its way through the pipeline. */
export interface Login {
  readonly facts: LoginFacts;
  /** The client's address, of which `facts.client.address` is the text. */
  readonly address: Address;
  /** Text is its UTF-8. Nothing that stages write may have it. */
  readonly password: Uint8Array | string | undefined;
}

/** `LoginRequestError` when the client's address isn't one. */
export function toLogin(
  request: DataOf<typeof authDecide>,
  password: Uint8Array | string | undefined,
): Login {
  const facts = factsOf(request);
  const address = parseAddress(facts.client.address);
  if (address === undefined) {
    const shown = JSON.stringify(facts.client.address);
    throw new LoginRequestError(`client.address ${shown} must be an IPv4 or IPv6 address`);
  }
  return { facts, address, password };
}

/** Only what the contract names: a field that some later version sends must not slip into events unseen. */
function factsOf(request: DataOf<typeof authDecide>): LoginFacts {
  const { login, door, client, local, tls } = request;
  const words = pick(request, [
    ...(['protocol', 'method', 'service', 'clientHost', 'clientId', 'userAgent'] as const),
  ]);
  return {
    ...{ login, door, client: pick(client, ['address', 'port']), ...words },
    ...(local === undefined ? {} : { local: pick(local, ['address', 'port']) }),
    ...(tls === undefined
      ? {}
      : { tls: pick(tls, ['protocol', 'cipher', 'clientVerified', 'clientSubject']) }),
  };
}

function pick<T extends object, K extends keyof T>(value: T, keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(
    keys.flatMap((key) => (value[key] === undefined ? [] : [[key, value[key]]])),
  ) as Pick<T, K>;
}
