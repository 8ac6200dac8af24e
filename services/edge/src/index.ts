export {
  type CertificatePorts,
  type Certificates,
  createCertificates,
} from './certificates/certificates.ts';
export { type EdgeConfig, edgeConfig } from './config.ts';
export { createEdge, type Edge, type EdgeStatus } from './edge.ts';
export { ListenError, TicketKeyError } from './errors.ts';
export type { Answer, Exchange, Identity } from './exchange/exchange.ts';
export type { ClientCertificate } from './front/client-certificate.ts';
export {
  createFront,
  type Front,
  type FrontPorts,
  type FrontSettings,
  type FrontStatus,
} from './front/front.ts';
export type { HandshakePolicy, TrustGroup } from './front/policy.ts';
export type {
  Certificate,
  CertificateSource,
  ChallengeCertificates,
  ClientAddress,
  HandshakePolicies,
  Refusal,
} from './front/ports.ts';
export type { HandshakeReport } from './front/report.ts';
export type { ServerFactory } from './front/secure-servers.ts';
export type { SecuredConnection } from './front/secured.ts';
export type { TicketKeys } from './front/ticket-keys.ts';
export type { ClientHello } from './hello/client-hello.ts';
export {
  HELLO_LIMITS,
  type HelloLimits,
  HelloReader,
  type HelloReading,
  type HelloRefusal,
} from './hello/reader.ts';
export { basicCredentials } from './plugins/basic-credentials.ts';
export { credentialDigest } from './plugins/credential-digest.ts';
export type { EdgePlugin, PluginHooks } from './plugins/plugin.ts';
export { edgePlugins } from './plugins/plugins.ts';
export type { EdgePluginPorts, PluginDirectory } from './plugins/ports.ts';
export type { EdgePorts } from './ports.ts';
export type { SessionPolicy } from './sessions/policy.ts';
export { createSessions, type SessionPorts, type Sessions } from './sessions/sessions.ts';
export type { SessionSettings } from './sessions/settings.ts';
export { ticketKeys } from './tickets/ticket-keys.ts';
export { followTickets, type TicketPorts } from './tickets/tickets.ts';
