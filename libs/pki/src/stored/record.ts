import { StoredRecordError } from '../errors.ts';

/** Where a record is, as the store has keys; its first part is the name, the partition. */
export type StoredKey = readonly [name: string, kind: string, ...rest: string[]];

/** A value as the store gives it back: by shape an `Entry` of `@sallyport/store`. */
export interface StoredValue {
  readonly value: Uint8Array;
  readonly format: number;
}

/** How one kind of record is written, for all services that share it. */
export interface StoredKind<T> {
  /** The number of the format that is written today. */
  readonly format: number;
  /** UTF-8 JSON. */
  encode(record: T): Uint8Array;
  /**
   * `undefined` for no value. Throws `StoredRecordError` for a format that this version doesn't know, or bytes that
   * {@link encode} doesn't write.
   */
  decode(stored: StoredValue): T;
  decode(stored: StoredValue | undefined): T | undefined;
}

type Fields<T> = { readonly [Name in keyof T]-?: 'number' | 'string' | 'string?' | 'boolean?' };

/**
 * A kind whose records are flat: the names of the fields and what they hold, with `?` where one may be missing. Others that a
 * newer version adds are let be.
 */
export function storedKind<T extends object>(
  kind: string,
  format: number,
  fields: Fields<T>,
): StoredKind<T> {
  function decode(stored: StoredValue): T;
  function decode(stored: StoredValue | undefined): T | undefined;
  function decode(stored: StoredValue | undefined): T | undefined {
    if (stored === undefined) return undefined;
    if (stored.format !== format) {
      throw new StoredRecordError(
        `${kind} has format ${stored.format}, the only known is ${format}`,
      );
    }
    let record: unknown;
    try {
      record = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(stored.value));
    } catch (cause) {
      throw new StoredRecordError(`${kind} must be UTF-8 JSON`, { cause });
    }
    const fault = faultOf(record, fields);
    if (fault === undefined) return record as T;
    throw new StoredRecordError(`${kind}: ${fault}`);
  }

  return { format, encode: (record) => Buffer.from(JSON.stringify(record)), decode };
}

function faultOf(record: unknown, fields: Readonly<Record<string, string>>): string | undefined {
  if (typeof record !== 'object' || record === null) return 'must be an object';
  for (const [name, word] of Object.entries(fields)) {
    const found = (record as Record<string, unknown>)[name];
    const type = word.replace('?', '');
    const missing = found === undefined && type !== word;
    if (!missing && typeof found !== type) return `field '${name}' must be a ${type}`;
  }
  return undefined;
}
