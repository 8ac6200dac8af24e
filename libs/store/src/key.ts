import { StoreArgumentError } from './errors.ts';
import type { Key } from './ports.ts';

/** How long a key may be: bytes of UTF-8 over all its parts. */
const MAX_KEY_BYTES = 512;

const PLAIN = /^[A-Za-z0-9_~@+=,-][A-Za-z0-9_~@+=,.-]*$/;
const ENCODED = /^(?:[A-Za-z0-9_~@+=,.-]|%[0-9A-F]{2})+$/;

/**
 * Checks what the type can't: two or more parts, none empty, all of them well-formed Unicode, 512 bytes of UTF-8
 * in all. Any character is allowed, NUL too; a lone surrogate isn't, because UTF-8 has no bytes for it and every
 * encoder would put the same replacement character in the place of different keys.
 */
export function checkKey(key: Key): void {
  const parts: readonly unknown[] = key;
  if (!Array.isArray(parts) || parts.length < 2) {
    throw new StoreArgumentError(`key ${show(key)} needs a partition and at least one more part`);
  }
  let bytes = 0;
  for (const part of parts) {
    if (typeof part !== 'string' || part === '') {
      throw new StoreArgumentError(`key ${show(key)} has a part that is empty or not a string`);
    }
    if (!part.isWellFormed()) {
      throw new StoreArgumentError(`key ${show(key)} has a lone surrogate in it`);
    }
    bytes += Buffer.byteLength(part);
  }
  if (bytes > MAX_KEY_BYTES) {
    throw new StoreArgumentError(
      `key ${show(key)} has ${bytes} bytes, the most allowed is ${MAX_KEY_BYTES}`,
    );
  }
}

/**
 * One part of a key as ASCII text in which only letters, digits and `-_.~@+=,` stand for themselves; every other
 * byte of the part's UTF-8 is `%XX`. So no part has a separator, a brace of a Redis hash tag, a glob character or a
 * control character in it, and `.` and `..` are written out, lest an encoded key ever name another folder.
 */
export function encodePart(part: string): string {
  if (PLAIN.test(part)) return part;
  if (/^\.{1,2}$/.test(part)) return part.replaceAll('.', '%2E');
  return encodeURIComponent(part)
    .replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll(/%(?:2B|2C|3D|40)/g, (code) => String.fromCharCode(parseInt(code.slice(1), 16)));
}

/** The parts of a key, encoded and joined by `/`. No two keys have the same encoding. */
export function encodeKey(key: Key): string {
  checkKey(key);
  return key.map(encodePart).join('/');
}

/** The part that {@link encodePart} wrote; refuses any text that it doesn't write. */
export function decodePart(text: string): string {
  let part: string | undefined;
  if (ENCODED.test(text)) {
    try {
      part = decodeURIComponent(text);
    } catch (error) {
      throw new StoreArgumentError(`${show(text)} isn't UTF-8 behind its escapes`, {
        cause: error,
      });
    }
  }
  if (part === undefined || encodePart(part) !== text) {
    throw new StoreArgumentError(`${show(text)} isn't an encoded part of a key`);
  }
  return part;
}

/** The key that {@link encodeKey} wrote; refuses any text that it doesn't write. */
export function decodeKey(text: string): Key {
  const key = text.split('/').map(decodePart) as unknown as Key;
  checkKey(key);
  return key;
}

/** A value for an error message: as JSON, cut where it is long. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
