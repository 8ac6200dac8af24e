import {
  type CertificateChange,
  type ChangeHead,
  storedChangeHead,
  storedChanges,
} from './change.ts';
import type { StoredKey, StoredValue } from './record.ts';

/** What reading asks of the store: the part of a space of `@sallyport/store` that is used here. */
export interface StoredReader {
  get(keys: readonly StoredKey[], signal?: AbortSignal): Promise<(StoredValue | undefined)[]>;
}

/**
 * Where the feed `certificates` comes from: by shape a `FeedSource` of `@sallyport/bus`, whose comments are the contract.
 * Its value is nothing: who is given one forgets what it knows of all names, and reads the store when asked again.
 */
export interface CertificateFeed {
  head(signal: AbortSignal): Promise<ChangeHead>;
  snapshot(signal: AbortSignal): Promise<ChangeHead & { readonly value: undefined }>;
  since(
    at: ChangeHead,
    signal: AbortSignal,
  ): Promise<
    readonly { readonly version: number; readonly delta: CertificateChange }[] | undefined
  >;
}

/** The epoch while nothing was ever written. */
const UNBEGUN = 'unbegun';
/** Who is further behind is better served by forgetting than by as many reads. */
const MOST_BEHIND = 1000;

/** Reads the log of changes in `space`, the space `certs`. Rejects with the store's errors and `StoredRecordError`. */
export function certificateFeed(space: StoredReader): CertificateFeed {
  const head = async (signal: AbortSignal): Promise<ChangeHead> => {
    const [stored] = await space.get([storedChangeHead.key], signal);
    const found = storedChangeHead.decode(stored);
    return { epoch: found?.epoch ?? UNBEGUN, version: found?.version ?? 0 };
  };
  return {
    head,
    snapshot: async (signal) => ({ ...(await head(signal)), value: undefined }),
    async since(at, signal) {
      const { epoch, version } = await head(signal);
      const count = version - at.version;
      if (at.epoch !== epoch || count < 0 || count > MOST_BEHIND) return undefined;
      if (count === 0) return [];
      const versions = Array.from({ length: count }, (_, i) => at.version + 1 + i);
      const stored = await space.get(versions.map(storedChanges.key), signal);
      const deltas = stored.map((each) => storedChanges.decode(each));
      if (deltas.includes(undefined)) return undefined;
      return versions.map((number, i) => ({
        version: number,
        delta: deltas[i] as CertificateChange,
      }));
    },
  };
}
