import Type, { type TSchema, type TString, type TStringOptions } from 'typebox';
import { ContractError } from './errors.ts';
import { nested } from './nested.ts';
import { networkPrefix } from './network-prefix.ts';

/**
 * What a field tells about a person.
 *
 * - `address`: IP address of a client
 * - `account`: login name, e-mail address, subject of a session
 * - `person`: a name, such as the distinguished name of a client certificate
 * - `user-agent`: what a client says it is
 * - `device`: what tells one client machine from others (client id, JA4, host name, certificate fingerprint)
 */
export type PrivacyClass = 'account' | 'address' | 'device' | 'person' | 'user-agent';

/**
 * What happens to a class of fields before an event leaves.
 *
 * - `clear`: stays
 * - `hash`: `hk1.` and the keyed hash of class and value: equal values stay comparable, by class, for as long as the key lives
 * - `prefix`: what many people share: the IPv4 /24 or IPv6 /48, the domain of an e-mail address (`@example.com`), the first
 *   product of a user agent. Where a value has no such part, or the class has none, it is hashed.
 */
export type Treatment = 'clear' | 'hash' | 'prefix';

export interface PrivacyPolicy {
  readonly treatments: Readonly<Record<PrivacyClass, Treatment>>;
  /** A message authentication code under the operator's key, as text: HMAC-SHA-256 in base64url. Passed in to keep this package pure. */
  keyedHash(text: string): string;
}

const KEYWORD = 'x-sallyport-privacy';

/** A text field with personal data. Sets no form, since a treated value must still fit; at least 64 characters long. */
export function Personal(
  kind: PrivacyClass,
  options: Pick<TStringOptions, 'description'> & { maxLength: number },
): TString {
  if (options.maxLength < 64) {
    throw new ContractError(`maxLength ${options.maxLength} must leave room for a hash, 64`);
  }
  return Type.String({ ...options, [KEYWORD]: kind });
}

/** Applies `policy` to data of a contract; the data itself stays as it is, what comes back may share parts with it. */
export function privacyFilter(
  type: { readonly subject: string; readonly schema: TSchema },
  policy: PrivacyPolicy,
): <Data>(data: Data) => Data {
  const treat = compile(type.subject, type.schema, policy);
  return (data) => (treat === undefined ? data : (treat(data) as typeof data));
}

type Treat = (value: unknown) => unknown;

/** `undefined` where nothing is to be done. */
function compile(where: string, schema: object, policy: PrivacyPolicy): Treat | undefined {
  const node = schema as Record<string, unknown>;
  const kind = node[KEYWORD] as PrivacyClass | undefined;
  if (kind !== undefined) return treatment(kind, policy);
  refuseUntreatable(where, node);
  const inside = (inner: unknown) =>
    typeof inner === 'object' && inner !== null ? compile(where, inner, policy) : undefined;
  const each = inside(node['items']);
  if (each !== undefined) return (value) => (value as unknown[]).map(each);

  const named = Object.entries((node['properties'] ?? {}) as object).flatMap(([name, inner]) => {
    const treat = inside(inner);
    return treat === undefined ? [] : [{ name, treat }];
  });
  if (named.length === 0) return undefined;
  return (value) => {
    const copy = { ...(value as Record<string, unknown>) };
    for (const { name, treat } of named) {
      if (copy[name] !== undefined) copy[name] = treat(copy[name]);
    }
    return copy;
  };
}

/** Where several variants or a record would have to be matched first, values could be treated twice or never. */
function refuseUntreatable(where: string, node: Record<string, unknown>): void {
  for (const keyword of ['anyOf', 'oneOf', 'allOf', 'patternProperties', 'additionalProperties']) {
    if (nested({ [keyword]: node[keyword] }).some(({ schema }) => KEYWORD in schema)) {
      throw new ContractError(`${where}: a personal field must not be inside ${keyword}`);
    }
  }
}

function treatment(kind: PrivacyClass, policy: PrivacyPolicy): Treat | undefined {
  const hash = (value: string) => `hk1.${policy.keyedHash(`${kind}\0${value}`)}`;
  switch (policy.treatments[kind]) {
    case 'clear':
      return undefined;
    case 'prefix':
      return (value) => prefix(kind, value as string) ?? hash(value as string);
    // Also what a policy from an older configuration file doesn't know: the safe side.
    default:
      return (value) => hash(value as string);
  }
}

function prefix(kind: PrivacyClass, value: string): string | undefined {
  switch (kind) {
    case 'address':
      return networkPrefix(value);
    case 'account': {
      const at = value.lastIndexOf('@');
      return at < 0 || at === value.length - 1 ? undefined : value.slice(at);
    }
    case 'user-agent':
      return /^[A-Za-z][A-Za-z-]{0,31}(?=[/ ]|$)/.exec(value)?.[0];
    default:
      return undefined;
  }
}
