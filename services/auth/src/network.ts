import { isIP } from 'node:net';

/** An IP address as its bytes. One of IPv4 mapped into IPv6 is an IPv4 address. */
export interface Address {
  readonly family: 4 | 6;
  /** 4 or 16. */
  readonly bytes: Uint8Array;
}

/** All addresses that begin with the same bits. */
export interface Network extends Address {
  readonly bits: number;
}

/** An address without port or brackets; a zone (`fe80::1%eth0`) is left out. Undefined when it isn't one. */
export function parseAddress(text: string): Address | undefined {
  switch (isIP(text)) {
    case 4:
      return { family: 4, bytes: Uint8Array.from(text.split('.'), Number) };
    case 6: {
      const bytes = ipv6Bytes(text.split('%', 1)[0] as string);
      const mapped = bytes.subarray(0, 10).every((byte) => byte === 0);
      return mapped && bytes[10] === 0xff && bytes[11] === 0xff
        ? { family: 4, bytes: bytes.subarray(12) }
        : { family: 6, bytes };
    }
    default:
      return undefined;
  }
}

/** The network of `bits` bits around an address. */
export function networkOf({ family, bytes }: Address, bits: number): Network {
  const kept = bytes.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - 8 * i))));
  return { family, bytes: kept, bits };
}

/** `192.0.2.0/24` or a bare address; bits behind the prefix may be anything. Undefined when it is neither. */
export function parseNetwork(text: string): Network | undefined {
  const [head = '', tail] = text.split('/', 2);
  const address = parseAddress(head);
  if (address === undefined || text.split('/').length > 2) return undefined;
  const most = address.bytes.length * 8;
  if (tail === undefined) return networkOf(address, most);
  // An IPv4 network written as mapped: 96 of its bits are the mapping.
  const bits = Number(tail) - (address.family === 4 && head.includes(':') ? 96 : 0);
  if (!/^\d{1,3}$/.test(tail) || bits < 0 || bits > most) return undefined;
  return networkOf(address, bits);
}

export function inNetwork(address: Address, network: Network): boolean {
  if (address.family !== network.family) return false;
  const { bytes } = networkOf(address, network.bits);
  return bytes.every((byte, i) => byte === network.bytes[i]);
}

/** CIDR in canonical form (RFC 5952 for IPv6): one network has one text. */
export function networkText({ family, bytes, bits }: Network): string {
  if (family === 4) return `${bytes.join('.')}/${bits}`;
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number)).toString(16),
  );
  // The URL parser writes the address as RFC 5952 has it.
  return `${new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)}/${bits}`;
}

/** The 16 bytes of a valid IPv6 address (RFC 4291 section 2.2). */
function ipv6Bytes(text: string): Uint8Array {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const hex = (high: string | undefined, low: string | undefined) =>
    ((Number(high) << 8) | Number(low)).toString(16);
  const plain =
    dotted === null
      ? text
      : `${dotted[1]}${hex(dotted[2], dotted[3])}:${hex(dotted[4], dotted[5])}`;
  const [head = '', tail] = plain.split('::', 2);
  const groups = (part: string | undefined) => (part ? part.split(':') : []);
  const [before, after] = [groups(head), groups(tail)];
  const zeros = Array<string>(tail === undefined ? 0 : 8 - before.length - after.length).fill('0');
  const all = [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}
