import { type ClientHello, type ParseRefusal, parseClientHello } from './client-hello.ts';
import { nameStray, type Stray } from './stray.ts';

/** Why the bytes can't be the beginning of a TLS connection. */
export type HelloRefusal =
  | Stray
  | ParseRefusal
  | 'bad-record'
  | 'not-client-hello'
  | 'hello-too-large'
  | 'too-many-records';

/** What is known after the bytes so far. */
export type HelloReading =
  | { readonly state: 'need-more' }
  | { readonly state: 'hello'; readonly hello: ClientHello }
  | { readonly state: 'refused'; readonly reason: HelloRefusal };

export interface HelloLimits {
  /** The handshake message, bytes. */
  readonly maxBytes: number;
  /** TLS records it may be spread over. */
  readonly maxRecords: number;
}

/** A post-quantum hello has about 1.8 kB, one with several tickets or an inner hello some more. */
export const HELLO_LIMITS: HelloLimits = { maxBytes: 64 * 1024, maxRecords: 128 };

const MORE: HelloReading = { state: 'need-more' };
const HEADER = 5;
const MAX_FRAGMENT = 2 ** 14;

/**
 * Reads the ClientHello at the beginning of a TCP stream as its bytes come in, in pieces of any size. Each byte is looked at
 * once. After `hello` or `refused` it isn't fed again; what came behind the message stays in the caller's bytes.
 */
export class HelloReader {
  readonly #limits: HelloLimits;
  /** The header of the record being read, then what is left of its fragment. */
  readonly #header = Buffer.alloc(HEADER);
  #headerBytes = 0;
  #fragmentLeft = 0;
  #records = 0;
  /** The handshake message with its four-byte header; grows as bytes come, not as lengths promise. */
  #message = Buffer.alloc(0);
  #messageBytes = 0;

  constructor(limits: HelloLimits = HELLO_LIMITS) {
    this.#limits = limits;
  }

  push(chunk: Buffer): HelloReading {
    let at = 0;
    while (at < chunk.length) {
      if (this.#fragmentLeft === 0) {
        this.#header[this.#headerBytes] = chunk[at] as number;
        this.#headerBytes += 1;
        at += 1;
        const reason = this.#checkHeader(chunk.subarray(at - 1));
        if (reason !== undefined) return { state: 'refused', reason };
        continue;
      }
      const piece = chunk.subarray(at, at + this.#fragmentLeft);
      at += piece.length;
      this.#fragmentLeft -= piece.length;
      const reading = this.#add(piece);
      if (reading !== MORE) return reading;
    }
    return MORE;
  }

  /** Judges the header byte that was just put in; `rest` begins with it. */
  #checkHeader(rest: Buffer): HelloRefusal | undefined {
    const header = this.#header;
    switch (this.#headerBytes) {
      case 1:
        if (header[0] === 22) return undefined;
        return this.#records === 0 ? nameStray(rest) : 'bad-record';
      case 2:
        return header[1] === 3 ? undefined : 'bad-record';
      case HEADER: {
        const length = header.readUInt16BE(3);
        // RFC 8446 section 5.1: no empty handshake fragments.
        if (length === 0 || length > MAX_FRAGMENT) return 'bad-record';
        this.#records += 1;
        if (this.#records > this.#limits.maxRecords) return 'too-many-records';
        this.#fragmentLeft = length;
        this.#headerBytes = 0;
        return undefined;
      }
      default:
        return undefined;
    }
  }

  #add(piece: Buffer): HelloReading {
    this.#keep(piece);
    const message = this.#message;
    if (message[0] !== 1) return { state: 'refused', reason: 'not-client-hello' };
    if (this.#messageBytes < 4) return MORE;
    const length = 4 + message.readUIntBE(1, 3);
    if (length > this.#limits.maxBytes) return { state: 'refused', reason: 'hello-too-large' };
    if (this.#messageBytes < length) return MORE;
    // A client has nothing to say behind its hello in the same record (RFC 8446 section 5.1).
    if (this.#messageBytes > length || this.#fragmentLeft > 0) {
      return { state: 'refused', reason: 'malformed' };
    }
    const parsed = parseClientHello(message.subarray(4, length));
    if (typeof parsed === 'string') return { state: 'refused', reason: parsed };
    return { state: 'hello', hello: parsed };
  }

  #keep(piece: Buffer): void {
    const bytes = this.#messageBytes + piece.length;
    if (bytes > this.#message.length) {
      const grown = Buffer.alloc(Math.max(bytes, this.#message.length * 2, 512));
      this.#message.copy(grown, 0, 0, this.#messageBytes);
      this.#message = grown;
    }
    piece.copy(this.#message, this.#messageBytes);
    this.#messageBytes = bytes;
  }
}
