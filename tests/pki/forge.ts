import type { MasterKey, PurposeName, RingPart } from '@sallyport/pki';
import type { MemoryRings } from './memory-rings.ts';

/** What a ring record holds, as documented in libs/pki/README.md. */
export interface Content {
  revision: number;
  keys: { kid: number; created: number; state: string; material?: string }[];
}

/** Puts a record into the store as only someone with the master key can. */
export function forge(
  store: MemoryRings,
  masterKey: MasterKey,
  purpose: PurposeName,
  content: Content,
  part: RingPart = 'ring',
): void {
  const sealed = masterKey
    .cipher('ring')
    .seal(Buffer.from(JSON.stringify(content)), `${part}/${purpose}`);
  const bytes = Buffer.concat([Buffer.from(masterKey.id, 'hex'), sealed]);
  store.records.set(`${purpose}/${part}`, { format: 1, bytes, version: `forged-${Math.random()}` });
}

/** What a record holds. */
export function reveal(
  store: MemoryRings,
  masterKey: MasterKey,
  purpose: PurposeName,
  part: RingPart = 'ring',
): Content {
  const record = store.records.get(`${purpose}/${part}`);
  if (record === undefined) throw new Error(`no ${part} record of ${purpose}`);
  const plain = masterKey.cipher('ring').open(record.bytes.subarray(8), `${part}/${purpose}`);
  return JSON.parse(plain.toString()) as Content;
}

/** A ring with these keys, the last one active. */
export function content(...materials: Buffer[]): Content {
  return {
    revision: 1,
    keys: materials.map((material, at) => ({
      kid: at + 1,
      created: 0,
      state: at === materials.length - 1 ? 'active' : 'fallback',
      material: material.toString('base64url'),
    })),
  };
}
