import type { PurposeName } from './purposes.ts';

/**
 * Where rings are kept. Records are sealed by the master key: whoever keeps them learns nothing but their names.
 * Every method rejects with the signal's reason when that aborts, and with the store's own errors.
 */
export interface RingStore {
  /**
   * The newest record, `undefined` when there is none. Never an older one than what this or another process was told
   * it had saved: replicas that lag must not be asked.
   */
  load(purpose: PurposeName, part: RingPart, signal?: AbortSignal): Promise<StoredRing | undefined>;
  /**
   * Writes all `parts` at once, or none, and only if part `ring` is still the one called `expected` (`undefined`: there
   * is none). False when it isn't. Resolves when they are durable.
   */
  save(
    purpose: PurposeName,
    parts: readonly { readonly part: RingPart; readonly record: RingRecord }[],
    expected: string | undefined,
    signal?: AbortSignal,
  ): Promise<boolean>;
}

/** `ring`: the keys themselves, for readers. `public`: what sealers need, of rings that have sealers. */
export type RingPart = 'public' | 'ring';

/** One record: opaque bytes and the number of their format. */
export interface RingRecord {
  readonly format: number;
  readonly bytes: Uint8Array;
}

export interface StoredRing extends RingRecord {
  /** Changes with every write. */
  readonly version: string;
}
