export type { NatsAuth, NatsOptions, NatsTls } from './config.ts';
export type { DurableOptions } from './consumer-plan.ts';
export {
  BusCredentialsError,
  BusListenerError,
  BusPermissionError,
  BusProtocolError,
  StreamMismatchError,
} from './errors.ts';
export { openNatsBroker, openNatsBus } from './open.ts';
export type { Difference, StreamLimits } from './streams.ts';
export { openNatsTopology, type Topology } from './topology.ts';
