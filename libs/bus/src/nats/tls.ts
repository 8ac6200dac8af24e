import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { TlsOptions } from '@nats-io/transport-node';
import type { NatsSettings } from './config.ts';

/**
 * TLS options for the client, which hands on to Node whatever is among them.
 *
 * For a server that is named by its address the client sends no name, and Node would compare the certificate with
 * `localhost`. Then it must be good for one of the addresses that were configured.
 */
export function tlsOptions({ tls, servers }: NatsSettings): { tls?: TlsOptions } {
  if (tls === undefined) return {};
  const addresses = servers.map(hostOf).filter((host) => isIP(host) !== 0);
  const named = new Set(servers.map(hostOf));
  const identify = (host: string, certificate: PeerCertificate): Error | undefined => {
    if (addresses.length === 0 || (host !== 'localhost' && isIP(host) === 0)) {
      return checkServerIdentity(host, certificate);
    }
    const candidates = named.has('localhost') ? [...addresses, 'localhost'] : addresses;
    const faults = candidates.map((candidate) => checkServerIdentity(candidate, certificate));
    return faults.includes(undefined) ? undefined : faults[0];
  };
  return { tls: { ...tls, checkServerIdentity: identify } as TlsOptions };
}

function hostOf(server: string): string {
  const { hostname } = new URL(server.includes('://') ? server : `nats://${server}`);
  return hostname.replace(/^\[|\]$/g, '');
}
