import type { Clock, SallyportError } from '@sallyport/runtime';
import { BusArgumentError } from '../errors.ts';
import { DEFAULT_PREFIX } from './subjects.ts';

/** How a service shows the broker who it is. Contents, not file names: the config loader reads files. */
export type NatsAuth =
  | { readonly user: string; readonly password: string }
  | { readonly nkeySeed: string }
  | { readonly creds: string };

/** TLS to the broker, PEM texts. An empty object: the system's trust, no client certificate. */
export interface NatsTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Settings of the NATS adapter. */
export interface NatsOptions {
  /** `nats://host:port` of one or more servers of one cluster. */
  readonly servers: string | readonly string[];
  /** The service that uses it: lower-case letters, digits, hyphens. Its inboxes are `_INBOX_<service>.>`. */
  readonly service: string;
  readonly clock: Clock;
  /** Before every subject. Default `sallyport`. */
  readonly prefix?: string;
  readonly auth?: NatsAuth;
  readonly tls?: NatsTls;
  /**
   * `create` (default): missing streams and consumers are made, differing ones changed. `check`: they must be there,
   * else `StreamMismatchError`; for production, where services have no leave to change them.
   */
  readonly streams?: 'create' | 'check';
  /** Copies of each stream in a NATS cluster. Default 1. */
  readonly replicas?: number;
  /** How long connecting may take. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** How long the broker may take to confirm what it stores, and to answer about streams. Default 5,000. */
  readonly ackTimeoutMs?: number;
  /** Told what goes wrong where nobody waits: refused sends, slow consumer, refused credentials. Default: nothing is told. */
  readonly onError?: (error: SallyportError, subject: string) => void;
}

/** {@link NatsOptions} with defaults. */
export type NatsSettings = Required<Omit<NatsOptions, 'auth' | 'tls' | 'servers'>> &
  Pick<NatsOptions, 'auth' | 'tls'> & { readonly servers: readonly string[] };

export function natsSettings(options: NatsOptions): NatsSettings {
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(options.service)) {
    throw new BusArgumentError(
      `service '${options.service}' must be lower-case letters, digits and single hyphens`,
    );
  }
  const servers = typeof options.servers === 'string' ? [options.servers] : options.servers;
  if (servers.length === 0) throw new BusArgumentError('servers [] must name at least one');
  return {
    prefix: DEFAULT_PREFIX,
    streams: 'create',
    replicas: 1,
    connectTimeoutMs: 5000,
    ackTimeoutMs: 5000,
    onError: () => {},
    ...options,
    servers,
  };
}
