import { MasterKeyMismatchError, RingDamagedError, UnsealError } from './errors.ts';
import type { MasterKey } from './master-key.ts';
import type { RingPart, RingRecord } from './ports.ts';
import type { PurposeName } from './purposes.ts';

/**
 * State of one key. `active`: seals, and opens; a ring has exactly one. `fallback`: only opens. `retired`: its material is gone; the
 * entry stays so that its id never comes back.
 */
export type KeyState = 'active' | 'fallback' | 'retired';

/** One key of a ring. `material`: 32 secret bytes, or 32 public ones in part `public`. */
export interface RingKey {
  readonly kid: number;
  /** Milliseconds since the Unix epoch. */
  readonly created: number;
  readonly state: KeyState;
  readonly material?: Buffer;
}

/** What one record holds. */
export interface RingContent {
  /** Grows by one with every change of the ring. */
  readonly revision: number;
  readonly keys: readonly RingKey[];
}

const FORMAT = 1;
const ID = 8;

interface Written {
  revision: number;
  keys: { kid: number; created: number; state: KeyState; material?: string }[];
}

/**
 * The record of a ring: `id of the master key, 8 bytes | sealed JSON`. It is sealed as a whole, so neither a key nor its state
 * nor the set of keys can be changed or exchanged with those of another purpose without the master key.
 */
export function writeRing(
  master: MasterKey,
  purpose: PurposeName,
  part: RingPart,
  content: RingContent,
): RingRecord {
  const written: Written = {
    revision: content.revision,
    keys: content.keys.map(({ kid, created, state, material }) => ({
      ...{ kid, created, state },
      ...(material === undefined ? {} : { material: material.toString('base64url') }),
    })),
  };
  const sealed = master
    .cipher('ring')
    .seal(Buffer.from(JSON.stringify(written)), aad(purpose, part));
  return { format: FORMAT, bytes: Buffer.concat([Buffer.from(master.id, 'hex'), sealed]) };
}

/** The content of a record that one of `masters` wrapped. */
export function readRing(
  masters: readonly MasterKey[],
  purpose: PurposeName,
  part: RingPart,
  { format, bytes }: RingRecord,
): RingContent {
  const what = `${part} record of '${purpose}'`;
  if (format !== FORMAT) {
    throw new RingDamagedError(`${what} has format ${format}, this version reads ${FORMAT}`);
  }
  const id = wrappedBy(bytes);
  const master = masters.find((candidate) => candidate.id === id);
  if (master === undefined) {
    const had = masters.map((candidate) => candidate.id).join(', ');
    throw new MasterKeyMismatchError(
      `${what} was wrapped by master key ${id}, this process has ${had}: every node needs the same master key file`,
    );
  }
  try {
    const plain = master.cipher('ring').open(bytes.subarray(ID), aad(purpose, part));
    const written = JSON.parse(plain.toString()) as Written;
    return {
      revision: written.revision,
      keys: written.keys.map(({ kid, created, state, material }) => ({
        ...{ kid, created, state },
        ...(material === undefined ? {} : { material: Buffer.from(material, 'base64url') }),
      })),
    };
  } catch (cause) {
    if (!(cause instanceof UnsealError)) throw cause;
    throw new RingDamagedError(`${what} must be as master key ${id} wrapped it`, { cause });
  }
}

/** Id of the master key that wrapped a record. */
export function wrappedBy(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, ID)).toString('hex');
}

function aad(purpose: PurposeName, part: RingPart): string {
  return `${part}/${purpose}`;
}
