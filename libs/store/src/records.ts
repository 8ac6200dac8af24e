import { DamagedRecordError, StoreArgumentError, UnknownFormatError } from './errors.ts';
import { show } from './key.ts';
import type { Entry, Key, Put } from './ports.ts';

/** Between a value and its bytes. `decode` throws when the bytes aren't what `encode` writes. */
export interface Codec {
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

/** UTF-8 JSON. */
export const jsonCodec: Codec = {
  encode: (value) => Buffer.from(JSON.stringify(value)),
  decode: (bytes) => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)),
};

export interface RecordDefinition<T> {
  /** What the record is, for error messages: `session`, `certificate` … */
  readonly kind: string;
  /** The number of the format written today, 1 to 65535. Goes up with every change of what is written. */
  readonly format: number;
  /** Default: JSON. It has to read every older format too. */
  readonly codec?: Codec;
  /** From each older format that may still be stored to the next: `{ 1: one → two, 2: two → three }`. */
  readonly upgrades?: Readonly<Record<number, (old: unknown) => unknown>>;
  /** Refuses decoded values that aren't a `T`; without it the stored bytes are believed. */
  readonly is?: (value: unknown) => value is T;
}

/** One kind of stored value: the only way from bytes to `T` and back. */
export interface RecordKind<T> {
  readonly kind: string;
  readonly format: number;
  /** A change for `commit`. */
  put(key: Key, value: T, options?: { readonly ttlMs?: number }): Put;
  /**
   * The value of `entry`, upgraded from whichever format it was written in; `undefined` for no entry. Throws
   * `UnknownFormatError` for a format without a way to today's, `DamagedRecordError` for bytes that can't be read.
   */
  read(entry: Entry): T;
  read(entry: Entry | undefined): T | undefined;
}

/** Defines a kind of record. Throws `StoreArgumentError` when its formats have a gap. */
export function defineRecord<T>(definition: RecordDefinition<T>): RecordKind<T> {
  const { kind, format, codec = jsonCodec, upgrades = {}, is } = definition;
  const known = knownFormats(kind, format, upgrades);

  function decode({ key, value, format: found }: Entry): T {
    if (!known.includes(found)) {
      throw new UnknownFormatError(
        `${kind} at ${show(key)} has format ${found}, known are ${known.join(', ')}`,
      );
    }
    let decoded: unknown;
    try {
      decoded = codec.decode(value);
      for (let step = found; step < format; step += 1) decoded = upgrades[step]?.(decoded);
    } catch (error) {
      throw new DamagedRecordError(`${kind} at ${show(key)} can't be read as format ${found}`, {
        cause: error,
      });
    }
    if (is !== undefined && !is(decoded)) {
      throw new DamagedRecordError(`${kind} at ${show(key)} isn't what format ${found} promises`);
    }
    return decoded as T;
  }

  function read(entry: Entry): T;
  function read(entry: Entry | undefined): T | undefined;
  function read(entry: Entry | undefined): T | undefined {
    return entry === undefined ? undefined : decode(entry);
  }

  return {
    kind,
    format,
    put: (key, value, options = {}) => ({ key, value: codec.encode(value), format, ...options }),
    read,
  };
}

function knownFormats(kind: string, format: number, upgrades: object): readonly number[] {
  if (!Number.isInteger(format) || format < 1 || format > 65_535) {
    throw new StoreArgumentError(`format ${format} of ${kind} isn't a whole number, 1 to 65535`);
  }
  const known = [...Object.keys(upgrades).map(Number), format].sort((a, b) => a - b);
  const first = known[0] as number;
  if (first < 1 || known.some((number, i) => number !== first + i) || known.at(-1) !== format) {
    throw new StoreArgumentError(
      `upgrades of ${kind} from ${known.slice(0, -1).join(', ')} don't lead without a gap to ${format}`,
    );
  }
  return known;
}
