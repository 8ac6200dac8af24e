import { DamagedRecordError, UnknownFormatError } from '../errors.ts';
import { show } from '../key.ts';
import type { Entry, Key, Version } from '../ports.ts';

/**
 * A stored entry: `S` `P`, one byte layout (1), the value's format (16 bits, big-endian), 16 bytes version, the value.
 * The first five bytes let a reader, and every script, tell what others wrote at our keys from what we wrote.
 */
const HEADER = 21;
const LAYOUT = 1;
const [S, P] = [0x53, 0x50];

/** The bytes to store. `version` is 16 bytes. */
export function encodeEntry(value: Uint8Array, format: number, version: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER + value.byteLength);
  bytes[0] = S;
  bytes[1] = P;
  bytes[2] = LAYOUT;
  bytes.writeUInt16BE(format, 3);
  bytes.set(version, 5);
  bytes.set(value, HEADER);
  return bytes;
}

/** The entry that was stored as `bytes`. Throws `UnknownFormatError` or `DamagedRecordError`. */
export function decodeEntry(key: Key, bytes: Buffer): Entry {
  if (bytes.length < HEADER || bytes[0] !== S || bytes[1] !== P) {
    throw new DamagedRecordError(`what is stored at ${show(key)} isn't a record of this store`);
  }
  if (bytes[2] !== LAYOUT) {
    throw new UnknownFormatError(
      `record at ${show(key)} has layout ${bytes[2]}, known is ${LAYOUT}`,
    );
  }
  const format = ((bytes[3] as number) << 8) | (bytes[4] as number);
  if (format === 0) throw new DamagedRecordError(`record at ${show(key)} has format 0`);
  return { key, value: bytes.subarray(HEADER), format, version: versionAt(bytes, 5) };
}

/** A version as the port gives it: its 16 bytes in hexadecimal. */
export function versionAt(bytes: Buffer, offset: number): Version {
  return bytes.toString('hex', offset, offset + 16) as Version;
}

const NONE = Buffer.alloc(0);
const FOREIGN = Buffer.from('?');

/** A version as scripts compare it: its bytes, nothing for "no entry", or what no entry has if we never made it. */
export function versionBytes(version: Version | undefined): Buffer {
  if (version === undefined) return NONE;
  return /^[0-9a-f]{32}$/.test(version) ? Buffer.from(version, 'hex') : FOREIGN;
}

/** A counter's value: decimal digits. Throws `DamagedRecordError` for anything else. */
export function decodeCounter(key: Key, bytes: Buffer): number {
  const text = bytes.length > 17 ? '' : bytes.toString('latin1');
  const value = /^-?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) {
    throw new DamagedRecordError(`what is stored at ${show(key)} isn't a counter of this store`);
  }
  return value;
}
