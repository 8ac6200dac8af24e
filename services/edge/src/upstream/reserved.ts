/** Fields that upstreams believe: they are only ever ours. In the form that {@link isReserved} compares. */
const NAMES = new Set([
  'forwarded',
  'x-real-ip',
  'x-request-id',
  'x-consumer-id',
  'x-consumer-username',
  'x-consumer-custom-id',
  'x-consumer-groups',
  'x-credential-identifier',
  'x-credential-username',
  'x-authenticated-groups',
  'x-authenticated-userid',
  'x-authenticated-scope',
  'x-anonymous-consumer',
  'client-cert',
  'client-cert-chain',
]);
const PREFIXES = ['x-forwarded-', 'x-client-cert', 'ssl-client-', 'x-sallyport-'];

/**
 * Whether a field of this name says who or where a client is. CGI and its heirs turn every character that is no letter or digit
 * into `_`, so `X_Consumer.ID` is `x-consumer-id` to them, and to us.
 */
export function isReserved(name: string): boolean {
  const known = verdicts.get(name);
  if (known !== undefined) return known;
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '-');
  const verdict =
    NAMES.has(plain) ||
    plain === 'x-forwarded' ||
    PREFIXES.some((prefix) => plain.startsWith(prefix));
  // Names are few, and clients who make up more must not fill the memory.
  if (verdicts.size < 1000 && name.length <= 64) verdicts.set(name, verdict);
  return verdict;
}

const verdicts = new Map<string, boolean>();

/** RFC 9110 section 7.6.1, and what older ones meant for the next hop alone. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);
