import { type StoredKey, type StoredKind, storedKind } from './record.ts';

/**
 * The log of what changed in space `certs`, in a partition of its own; no host name can be called like it.
 *
 *   ~changes / head          → how far the numbering has come, and which one it is
 *   ~changes / d / version   → what that version changed, for an hour
 */
export const CHANGES_PARTITION = '~changes';

/** How far a numbering of versions has come. */
export interface ChangeHead {
  /** Begins anew when the store was emptied. */
  readonly epoch: string;
  /** 0: nothing was ever written. */
  readonly version: number;
}

/** By shape a delta of the feed `certificates` (`@sallyport/contracts`): what a reader knows about a name is out of date. */
export interface CertificateChange {
  /** `certificate`, `challenge`, `refusal`; others may come. */
  readonly kind: string;
  readonly name: string;
  /** For http-01 the token. */
  readonly key?: string;
  readonly removed?: boolean;
}

export const storedChangeHead: StoredKind<ChangeHead> & { readonly key: StoredKey } = {
  key: [CHANGES_PARTITION, 'head'],
  ...storedKind<ChangeHead>('head of changes', 1, { epoch: 'string', version: 'number' }),
};

export const storedChanges: StoredKind<CertificateChange> & { key(version: number): StoredKey } = {
  key: (version) => [CHANGES_PARTITION, 'd', String(version)],
  ...storedKind<CertificateChange>('change', 1, {
    ...{ kind: 'string', name: 'string', key: 'string?', removed: 'boolean?' },
  }),
};
