/** What a {@link Cursor} throws when a length leads outside; caught by the parser, never seen outside this folder. */
export class Malformed extends Error {}

/** Reads the vectors of TLS (RFC 8446 section 3.4) out of bytes, and never past their end. */
export class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  uint8(): number {
    return this.take(1)[0] as number;
  }

  uint16(): number {
    return this.take(2).readUInt16BE(0);
  }

  take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new Malformed();
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  /** A vector whose length is told in one byte. */
  vector8(min = 0): Buffer {
    return atLeast(min, this.take(this.uint8()));
  }

  /** A vector whose length is told in two bytes. */
  vector16(min = 0): Buffer {
    return atLeast(min, this.take(this.uint16()));
  }

  /** Refuses bytes after the last field. */
  end(): void {
    if (this.left > 0) throw new Malformed();
  }
}

/** The 16-bit numbers that fill `bytes`. */
export function uint16s(bytes: Buffer): number[] {
  const cursor = new Cursor(bytes);
  const numbers: number[] = [];
  while (cursor.left > 0) numbers.push(cursor.uint16());
  return numbers;
}

function atLeast(min: number, bytes: Buffer): Buffer {
  if (bytes.length < min) throw new Malformed();
  return bytes;
}
