import { BlockList, isIP } from 'node:net';

/**
 * IPv4 networks that aren't anybody's on the Internet: IANA's special-purpose registry (RFC 6890 and its updates), multicast and
 * what is reserved.
 */
const PRIVATE_4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** Inside 2000::/3, the only IPv6 space that is given out: protocol assignments with Teredo, documentation, 6to4. */
const PRIVATE_6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const refused4 = new BlockList();
for (const [network, prefix] of PRIVATE_4) refused4.addSubnet(network, prefix, 'ipv4');
const given6 = new BlockList();
given6.addSubnet('2000::', 3, 'ipv6');
const refused6 = new BlockList();
for (const [network, prefix] of PRIVATE_6) refused6.addSubnet(network, prefix, 'ipv6');

/** Whether `address` is somebody's on the Internet. What isn't an address is not; nor are IPv4 addresses in IPv6 clothes. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !refused4.check(address, 'ipv4');
    case 6:
      return given6.check(address, 'ipv6') && !refused6.check(address, 'ipv6');
    default:
      return false;
  }
}
