import { BlockList, isIP } from 'node:net';
import { parseHost } from '@sallyport/gateway';
import type { Fields } from '../http1/fields.ts';
import type { ConnectionFacts } from './exchange.ts';

/** Whose word about their clients is taken. */
export interface TrustedProxies {
  has(address: string): boolean;
}

/** From addresses and networks (`192.0.2.0/24`, `2001:db8::/32`); `RangeError` for one that is neither. */
export function trustedProxies(networks: readonly string[]): TrustedProxies {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const version = isIP(address);
    const bits = version === 6 ? 128 : 32;
    const length = prefix === undefined ? bits : Number(prefix);
    if (version === 0 || !/^\d{1,3}$/.test(prefix ?? '0') || length > bits) {
      throw new RangeError(`'${network}' must be an address or a network such as 192.0.2.0/24`);
    }
    list.addSubnet(address, length, version === 6 ? 'ipv6' : 'ipv4');
  }
  if (networks.length === 0) return { has: () => false };
  return { has: (address) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4') };
}

/** Where a request comes from, as the upstream is told. */
export interface Origin {
  /** Of the client itself: the connection's facts, corrected by what trusted proxies said. */
  readonly connection: ConnectionFacts;
  /** For `x-forwarded-for`: everybody who is known to have passed it on, the client first. */
  readonly path: readonly string[];
  /** What the client asked for, where a trusted proxy said so. */
  readonly host: string | undefined;
  readonly port: number | undefined;
}

/**
 * Reads forwarding fields only if who connected is trusted; walks `x-forwarded-for` back from there and stops at the first address
 * that isn't: what is before it anybody could have written.
 */
export function originOf(
  connection: ConnectionFacts,
  fields: Fields,
  trusted: TrustedProxies,
): Origin {
  const peer = connection.client.address;
  if (!trusted.has(peer)) return { connection, path: [peer], host: undefined, port: undefined };
  const said = fields
    .all('x-forwarded-for')
    .flatMap((value) => value.split(','))
    .map((value) => value.trim());
  const path = [peer];
  for (const address of said.reverse()) {
    if (isIP(address) === 0) break;
    path.unshift(address);
    if (!trusted.has(address)) break;
  }
  const [client = peer] = path;
  const proto = last(fields.all('x-forwarded-proto'))?.toLowerCase();
  const scheme = proto === 'http' || proto === 'https' ? proto : connection.scheme;
  const host = last(fields.all('x-forwarded-host'));
  const port = Number(last(fields.all('x-forwarded-port')));
  return {
    // The port of a client behind a proxy isn't known.
    connection: { ...connection, scheme, client: { address: client, port: 0 } },
    path,
    host: host !== undefined && parseHost(host) !== undefined ? host : undefined,
    port: Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined,
  };
}

/** What the nearest proxy wrote. */
function last(values: readonly string[]): string | undefined {
  return values.at(-1)?.split(',').at(-1)?.trim();
}
