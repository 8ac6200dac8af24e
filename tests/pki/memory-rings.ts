import type { RingPart, RingRecord, RingStore, StoredRing } from '@sallyport/pki';

/** A `RingStore` in memory whose insides a test can see and spoil. */
export interface MemoryRings extends RingStore {
  readonly records: Map<string, StoredRing>;
  /** How often `load` was called. */
  readonly loads: number;
  /** Called before each save, to be faster than it. */
  beforeSave: (() => Promise<void>) | undefined;
}

export function memoryRings(): MemoryRings {
  const records = new Map<string, StoredRing>();
  let loads = 0;
  let written = 0;
  const name = (purpose: string, part: RingPart) => `${purpose}/${part}`;
  const rings: MemoryRings = {
    records,
    get loads() {
      return loads;
    },
    beforeSave: undefined,
    async load(purpose, part, signal) {
      signal?.throwIfAborted();
      loads += 1;
      return records.get(name(purpose, part));
    },
    async save(purpose, parts, expected, signal) {
      signal?.throwIfAborted();
      const hook = rings.beforeSave;
      rings.beforeSave = undefined;
      await hook?.();
      if (records.get(name(purpose, 'ring'))?.version !== expected) return false;
      for (const { part, record } of parts) {
        written += 1;
        records.set(name(purpose, part), copy(record, `v${written}`));
      }
      return true;
    },
  };
  return rings;
}

function copy({ format, bytes }: RingRecord, version: string): StoredRing {
  return { format, bytes: Uint8Array.from(bytes), version };
}
