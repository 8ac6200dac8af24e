import type { Clock, Ids, Logger } from '@sallyport/runtime';
import type { HelloLimits } from '../hello/reader.ts';
import type { ClientCertificates } from './client-certificate.ts';
import type { Deadlines } from './deadlines.ts';
import type { DecisionPorts } from './decision.ts';
import type { Handshake } from './handshake.ts';
import type { Certificate } from './ports.ts';
import type { HandshakeReport } from './report.ts';
import type { SecureServers } from './secure-servers.ts';
import type { SecuredConnection } from './secured.ts';

/** What a handshake works with; one set per front. */
export interface FrontParts {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly ports: DecisionPorts;
  readonly settings: {
    readonly hello: HelloLimits;
    readonly helloMs: number;
    readonly policyMs: number;
    readonly certificateMs: number;
    readonly handshakeMs: number;
    readonly fallback: Certificate | undefined;
  };
  readonly servers: SecureServers;
  readonly deadlines: Deadlines;
  readonly clientCertificates: ClientCertificates;
  /** Runs `emit` so that what the TLS server says later finds its way back to this handshake. */
  inContext(handshake: Handshake, emit: () => void): void;
  /** The same for the rest of the current call. */
  enterContext(handshake: Handshake): void;
  report(report: HandshakeReport): void;
  handOver(secured: SecuredConnection): void;
  /** The handshake is over, well or not. */
  ended(handshake: Handshake): void;
}
