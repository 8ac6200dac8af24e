import { createHash } from 'node:crypto';
import {
  generatePrivateKey,
  type KeyRing,
  openPrivateKey,
  type PrivateKey,
  sealPrivateKey,
} from '@sallyport/pki';
import type { Clock } from '@sallyport/runtime';
import { defineRecord, type Key, type Space, type Version } from '@sallyport/store';

/** An account as this process knows it. */
export interface Account {
  readonly key: PrivateKey;
  /** Absent until it was registered. */
  readonly url: string | undefined;
  readonly version: Version;
}

interface StoredAccount {
  readonly directory: string;
  /** RFC 3339. */
  readonly created: string;
  readonly url?: string;
  /** Base64 of PKCS#8 DER, sealed. */
  readonly key: string;
}

const accounts = defineRecord<StoredAccount>({
  kind: 'ACME account',
  format: 1,
  is: (value): value is StoredAccount =>
    typeof value === 'object' && value !== null && 'key' in value && typeof value.key === 'string',
});

/**
 * The account at one CA, one for the whole cluster. The key is stored before the account is made: processes that start
 * together, or one that dies in between, come to the same account, because a CA knows it by its key.
 */
export interface Accounts {
  /** The account; its key is made when there is none. */
  open(signal: AbortSignal): Promise<Account>;
  /** Remembers where it is, or with `undefined` that the CA has forgotten it; what another process did first stands. */
  moved(account: Account, url: string | undefined, signal: AbortSignal): Promise<Account>;
}

export function storeAccounts(
  ports: { readonly space: Space; readonly ring: KeyRing; readonly clock: Clock },
  options: { readonly directory: string; readonly kid?: string | undefined },
): Accounts {
  const { space, ring, clock } = ports;
  const identity = [options.directory, options.kid ?? ''].join('\n');
  const id = `account-${createHash('sha256').update(identity).digest('hex').slice(0, 32)}`;
  const at: Key = [id, 'account'];
  const aad = `acme/${id}`;

  async function read(signal: AbortSignal): Promise<Account | undefined> {
    const [entry] = await space.get([at], signal);
    if (entry === undefined) return undefined;
    const stored = accounts.read(entry);
    const key = await openPrivateKey(ring, stored.key, aad, signal);
    return { key, url: stored.url, version: entry.version };
  }

  async function write(
    key: Account['key'],
    url: string | undefined,
    version: Version | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const stored: StoredAccount = {
      directory: options.directory,
      created: new Date(clock.now()).toISOString(),
      ...(url === undefined ? {} : { url }),
      key: sealPrivateKey(ring, key, aad),
    };
    // A conflict means that another process was faster: what it wrote is read and used.
    await space.commit({ check: [{ key: at, version }], put: [accounts.put(at, stored)] }, signal);
  }

  return {
    async open(signal) {
      for (;;) {
        const found = await read(signal);
        if (found !== undefined) return found;
        await write(await generatePrivateKey('ec-p256', signal), undefined, undefined, signal);
      }
    },
    async moved(account, url, signal) {
      await write(account.key, url, account.version, signal);
      return (await read(signal)) ?? account;
    },
  };
}
