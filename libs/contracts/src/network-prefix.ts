const OCTET = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = new RegExp(`^${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}$`);
const HEXTET = /^[0-9a-f]{1,4}$/i;

/**
 * The network that an address shares with many others: the /24 of an IPv4 address, also of one mapped into IPv6, and
 * the /48 of an IPv6 address, in canonical text (RFC 5952). `undefined` when it is neither.
 */
export function networkPrefix(address: string): string | undefined {
  const v4 = IPV4.exec(address);
  if (v4 !== null) return `${v4[1]}.${v4[2]}.${v4[3]}.0/24`;
  // A zone (`fe80::1%eth0`) isn't part of the network.
  const groups = ipv6((address.split('%', 1)[0] ?? '').toLowerCase());
  if (groups === undefined) return undefined;
  const mapped = groups.slice(0, 5).every((g) => g === 0) && groups[5] === 0xffff;
  const [a = 0, b = 0, c = 0] = groups;
  if (mapped) {
    const [high = 0, low = 0] = groups.slice(6);
    return `${high >> 8}.${high & 255}.${low >> 8}.0/24`;
  }
  const kept = [a, b, c];
  while (kept.at(-1) === 0) kept.pop();
  return `${kept.map((g) => g.toString(16)).join(':')}::/48`;
}

/** The eight groups of an IPv6 address (RFC 4291 section 2.2). */
function ipv6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (head === undefined) return undefined;
  const last = (tail ?? head).at(-1);
  const v4 = last === undefined ? null : IPV4.exec(last);
  if (v4 !== null) {
    const [, a, b, c, d] = v4.map(Number) as [number, number, number, number, number];
    (tail ?? head).splice(-1, 1, ((a << 8) | b).toString(16), ((c << 8) | d).toString(16));
  }
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<string>(missing).fill('0'), ...(tail ?? [])];
  return groups.every((g) => HEXTET.test(g))
    ? groups.map((g) => Number.parseInt(g, 16))
    : undefined;
}
