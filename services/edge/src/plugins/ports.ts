import type { Rpc } from '@sallyport/bus';
import type { KeyAuth } from '@sallyport/gateway';
import type { SecretSealer } from '@sallyport/pki';
import type { Clock, Ids, Logger } from '@sallyport/runtime';
import type { Directory } from '../gateway/directory.ts';
import type { Sessions } from '../sessions/sessions.ts';

/** What plugins ask of the gateway's entities. */
export interface PluginDirectory extends Directory {
  /** The key-auth credential with this id. */
  keyAuthById(id: string): KeyAuth | undefined;
}

export interface EdgePluginPorts {
  /** The entities as they are now; asked once per request, so that one request sees one version. */
  directory(): PluginDirectory;
  /** Digest of a consumer's key, as control keeps it: {@link credentialDigest} over ring `credentials`. */
  digestKey(key: string): string;
  readonly sessions: Sessions;
  /** `auth.decide` is asked by it. */
  readonly rpc: Pick<Rpc, 'request'>;
  /** Seals passwords for auth: ring `messages-auth`. */
  readonly passwordSealer: SecretSealer;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
}
