import { type Agent, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { Service } from '@sallyport/gateway';

/** Connections that stay open to an upstream without a request, at most. */
const MOST_IDLE = 256;
const IDLE_MS = 60_000;

/**
 * Connections kept to upstreams: one pool per service, since what is sent over a connection also depends on how its other end was
 * verified. A service that changes gets a new pool; the old one ends with its requests.
 */
export class Pools {
  readonly #pools = new Map<string, Agent>();
  readonly #authorities: readonly string[] | undefined;

  /** `authorities`: PEM; undefined: the system's. */
  constructor(authorities: readonly string[] | undefined) {
    this.#authorities = authorities;
  }

  get size(): number {
    return this.#pools.size;
  }

  /** Undefined when the service asks for what isn't there yet: then it isn't asked without it either. */
  agent(service: Service): Agent | undefined {
    const { protocol, client_certificate, ca_certificates } = service;
    if (protocol === 'tcp' || client_certificate !== null || ca_certificates !== null) {
      return undefined;
    }
    const key = keyOf(service);
    const found = this.#pools.get(key);
    if (found !== undefined) return found;
    const made = protocol === 'https' ? this.#https(service) : new HttpAgent(SETTINGS);
    this.#pools.set(key, made);
    return made;
  }

  /** Ends the pools of services that aren't among these. */
  keep(services: Iterable<Service>): void {
    const wanted = new Set<string>();
    for (const service of services) wanted.add(keyOf(service));
    for (const [key, agent] of this.#pools) {
      if (wanted.has(key)) continue;
      this.#pools.delete(key);
      agent.maxFreeSockets = 0;
      for (const sockets of Object.values(agent.freeSockets)) {
        for (const socket of sockets ?? []) socket.destroy();
      }
    }
  }

  [Symbol.dispose](): void {
    for (const agent of this.#pools.values()) agent.destroy();
    this.#pools.clear();
  }

  #https({ tls_verify, tls_verify_depth }: Service): Agent {
    return new HttpsAgent({
      ...SETTINGS,
      rejectUnauthorized: tls_verify !== false,
      minVersion: 'TLSv1.2',
      ...(this.#authorities === undefined ? {} : { ca: [...this.#authorities] }),
      checkServerIdentity: (name, certificate) =>
        checkServerIdentity(name, certificate) ?? depthFault(certificate, tls_verify_depth),
    });
  }
}

const SETTINGS = {
  keepAlive: true,
  maxFreeSockets: MOST_IDLE,
  scheduling: 'lifo',
  timeout: IDLE_MS,
} as const;

function keyOf(service: Service): string {
  const { id, protocol, host, port, tls_verify, tls_verify_depth } = service;
  return JSON.stringify([id, protocol, host, port, tls_verify, tls_verify_depth]);
}

/** As nginx counts: the certificates between the leaf and the root. Node has no option for it. */
function depthFault(leaf: PeerCertificate, most: number | null): Error | undefined {
  if (most === null) return undefined;
  let depth = 0;
  let at = leaf as PeerCertificate & { issuerCertificate?: PeerCertificate };
  while (
    at.issuerCertificate !== undefined &&
    at.issuerCertificate.fingerprint256 !== at.fingerprint256
  ) {
    depth += 1;
    at = at.issuerCertificate;
  }
  return depth > most + 1
    ? new Error(`certificate chain of ${depth} must be no deeper than ${most}`)
    : undefined;
}
