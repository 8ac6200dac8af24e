export type { NatsAuth, NatsOptions, NatsTls } from './config.ts';
export {
  BusCredentialsError,
  BusListenerError,
  BusPermissionError,
  BusProtocolError,
  StreamMismatchError,
} from './errors.ts';
export { openNatsBroker, openNatsBus } from './open.ts';
