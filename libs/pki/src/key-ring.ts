import { type Cipher, createCipher, sealedKid, subkeyOf } from './cipher.ts';
import { SealArgumentError, UnknownKeyError } from './errors.ts';
import type { LiveRing } from './live-ring.ts';
import type { RecordPurpose } from './purposes.ts';
import type { KeyState, RingContent } from './ring-record.ts';

/** What is told of a key without giving it away. */
export interface KeyInfo {
  readonly kid: number;
  /** Milliseconds since the Unix epoch. */
  readonly created: number;
  readonly state: KeyState;
}

/**
 * The keys of one purpose, for those who may have them. Sealing and opening are synchronous and touch no store; they know
 * the keys of the last reload.
 */
export interface KeyRing extends Reloadable {
  readonly purpose: RecordPurpose;
  /** Grows with every change of the ring. */
  readonly revision: number;
  /** The key that seals. */
  readonly active: number;
  readonly keys: readonly KeyInfo[];
  /** Seals with the active key; `aad` is the key of the record it goes into. Adds 61 bytes. */
  seal(plain: Uint8Array, aad: string | Uint8Array): Buffer;
  /**
   * Opens with the key that `sealed` names. `UnknownKeyError`: the ring doesn't have it (it may after a {@link refresh});
   * `UnsealError`: damaged, or sealed for another purpose or record.
   */
  open(sealed: Uint8Array, aad: string | Uint8Array): Buffer;
  /**
   * A secret of 1 to 255 × 32 bytes, bound to purpose, key and `label`: for formats that seal by themselves, such as
   * cookies and TLS tickets. The same in every process. `UnknownKeyError` when the key is unknown or retired.
   */
  derive(kid: number, label: string, length?: number): Buffer;
}

/** How the view of a ring follows what is stored. */
export interface Reloadable {
  /** Reads the store again; true when the ring had changed. For when its owner said so. */
  reload(signal?: AbortSignal): Promise<boolean>;
  /**
   * The same, but at most once a second, and false without a read when it isn't due: for an unknown key, which anybody can
   * name. After true, try again.
   */
  refresh(signal?: AbortSignal): Promise<boolean>;
}

/** Ciphers by key id, made once per change of the ring. */
export type Ciphers = ReadonlyMap<number, { cipher: Cipher; material: Buffer }>;

export function ciphersOf(purpose: RecordPurpose, content: RingContent): Ciphers {
  return new Map(
    content.keys.flatMap(({ kid, material }) =>
      material === undefined
        ? []
        : [[kid, { cipher: createCipher(material, purpose, kid), material }] as const],
    ),
  );
}

export function keyRing(purpose: RecordPurpose, live: LiveRing<Ciphers>): KeyRing {
  const key = (kid: number) => {
    const found = live.made.get(kid);
    if (found !== undefined) return found;
    throw new UnknownKeyError(
      `key ${kid} of '${purpose}' must be in revision ${live.content.revision} of the ring`,
    );
  };
  return {
    purpose,
    get revision() {
      return live.content.revision;
    },
    get active() {
      return activeKid(live.content);
    },
    get keys() {
      return keyInfos(live.content);
    },
    seal: (plain, aad) => key(activeKid(live.content)).cipher.seal(plain, aad),
    open: (sealed, aad) => key(sealedKid(sealed)).cipher.open(sealed, aad),
    derive(kid, label, length = 32) {
      if (label === '') throw new SealArgumentError("label '' must not be empty");
      return subkeyOf(key(kid).material, `derive/${purpose}/${label}`, length);
    },
    reload: (signal) => live.reload(signal),
    refresh: (signal) => live.refresh(signal),
  };
}

/** The key that seals. A ring without one can't be written by this package. */
export function activeKid({ keys }: RingContent): number {
  return (keys.find(({ state }) => state === 'active') as KeyInfo).kid;
}

export function keyInfos({ keys }: RingContent): KeyInfo[] {
  return keys.map(({ kid, created, state }) => ({ kid, created, state }));
}
