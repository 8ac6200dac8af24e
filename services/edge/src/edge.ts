import { handshakeCompleted, handshakeFailed } from '@sallyport/contracts';
import type { Service } from '@sallyport/runtime';
import { createCertificates } from './certificates/certificates.ts';
import type { EdgeConfig } from './config.ts';
import { fallbackCertificate } from './fallback.ts';
import type { HandshakeReport } from './front/report.ts';
import { createGate, type Gate, type GateStatus, upstreamAuthorities } from './gate.ts';
import { followGateway, type Gateway } from './gateway/follow.ts';
import { credentialDigest } from './plugins/credential-digest.ts';
import { edgePlugins } from './plugins/plugins.ts';
import type { EdgePorts } from './ports.ts';
import { createSessions } from './sessions/sessions.ts';
import { followTickets } from './tickets/tickets.ts';
import { Pools } from './upstream/pools.ts';

export interface Edge extends Service {
  /** Where it answers, such as `http://127.0.0.1:8000` and `https://127.0.0.1:8443`, while it listens. */
  readonly urls: readonly string[];
  status(): EdgeStatus;
}

export interface EdgeStatus extends GateStatus {
  /** Version of the gateway's entities that requests are served by; undefined before the first. */
  readonly version: number | undefined;
  /** Whether that is known to be the newest. */
  readonly fresh: boolean;
}

/**
 * The service that faces the internet. Starting waits until the gateway's entities are there, then listens: `InUseError` when a port is
 * taken. Draining waits for `drain.delay`, closes the listeners, lets requests finish, and cuts what is left when the signal aborts.
 */
export function createEdge(ports: EdgePorts, config: EdgeConfig): Edge {
  const { spaces, rings, sealers, readers, bus, clock, ids, logger, health } = ports;
  const stack = new AsyncDisposableStack();
  let gateway: Gateway | undefined;
  let gate: Gate | undefined;
  let version: number | undefined;

  const publish = (report: HandshakeReport) => {
    try {
      if (report.outcome === 'completed') bus.events.publish(handshakeCompleted, report.data);
      else bus.events.publish(handshakeFailed, report.data);
    } catch (error) {
      logger.warn('handshake could not be told', { connection: report.data.connection, error });
    }
  };

  return {
    name: 'edge',
    get urls() {
      const at = (scheme: string, address: Gate['http']) =>
        address === undefined ? [] : [`${scheme}://${authority(address)}`];
      return [...at('http', gate?.http), ...at('https', gate?.https)];
    },
    status: () => ({
      ...(gate?.status() ?? { connections: 0, requests: 0, handshakes: 0, pools: 0 }),
      version,
      fresh: gateway?.fresh ?? false,
    }),
    async start(signal) {
      stack.use(
        health.addReadiness('edge', () => {
          if (version === undefined) return 'the gateway’s entities aren’t known yet';
          return gate?.https !== undefined || 'not listening';
        }),
      );
      const sessions = stack.use(
        createSessions(
          {
            space: spaces.sessions,
            keys: rings.sessions,
            feeds: bus.feeds,
            rpc: bus.rpc,
            cookieSealer: sealers.toSessions,
            cookieReader: readers.fromSessions,
            ...{ clock, ids, logger },
          },
          {
            maxStalenessMs: config.sessions.max_staleness,
            outageGraceMs: config.sessions.outage_grace,
          },
        ),
      );
      await sessions.start();
      const certificates = stack.use(
        createCertificates({
          space: spaces.certs,
          leafKeys: rings.leafKeys,
          feeds: bus.feeds,
          rpc: bus.rpc,
          ...{ clock, ids, logger },
        }),
      );
      await certificates.start();
      const pools = new Pools(await upstreamAuthorities(config.upstream.ca_file));
      // The plugins ask for the directory when there are requests, which is later.
      const directory = () => (gateway as Gateway).directory();
      const followed = stack.use(
        await followGateway({
          ...{ space: spaces.gateway, bus, clock, logger },
          plugins: edgePlugins({
            ...{ directory, sessions, rpc: bus.rpc, clock, ids, logger },
            digestKey: credentialDigest(rings.credentials),
            passwordSealer: sealers.toAuth,
          }),
          onVersion(compiled) {
            version = compiled.version;
            pools.keep(compiled.services.values());
          },
        }),
      );
      gateway = followed;
      await followed.ready(signal);
      followed.current();
      const opened = stack.use(
        createGate(
          {
            ...{ gateway: followed, pools, clock, ids, logger },
            certificates: certificates.source,
            tlsChallenges: certificates.challenges,
            httpChallenges: certificates.httpChallenges,
            fallback: config.fallback_certificate
              ? await fallbackCertificate(clock, signal)
              : undefined,
            onReport: publish,
          },
          config,
        ),
      );
      gate = opened;
      stack.use(
        await followTickets({
          ...{ feeds: bus.feeds, ring: rings.tickets, clock, logger },
          rotate: opened.rotateTicketKeys,
        }),
      );
      await opened.start(signal);
    },
    async drain(signal) {
      await gate?.drain(signal);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function authority({ address, family, port }: { address: string; family: string; port: number }) {
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}
