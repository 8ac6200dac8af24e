import { fstatSync, readSync, writeSync } from 'node:fs';
import { refused } from './system-error.ts';

/** A sequence of bytes that is read and written from a place in it. What the system refuses is thrown as `systemError` knows it. */
export interface Stream {
  /** Up to `count` bytes; undefined at the end. */
  read(count: number): string | undefined;
  /** The next byte, which stays where it is; empty at the end. */
  peek(): string;
  /** The rest, without its line break if `line`; undefined at the end. */
  line(): string | undefined;
  write(text: string): void;
  /** Moves and gives the place. */
  seek(whence: string, offset: number): number;
}

/** Standard streams: a text to read, or a function that takes what is written. */
export class TextStream implements Stream {
  readonly #text: string;
  readonly #sink: ((text: string) => void) | undefined;
  #at = 0;

  constructor(text: string, sink: ((text: string) => void) | undefined) {
    this.#text = text;
    this.#sink = sink;
  }

  read(count: number): string | undefined {
    if (this.#at >= this.#text.length) return undefined;
    const part = this.#text.slice(this.#at, this.#at + count);
    this.#at += part.length;
    return part;
  }

  peek(): string {
    return this.#text.charAt(this.#at);
  }

  line(): string | undefined {
    if (this.#at >= this.#text.length) return undefined;
    const end = this.#text.indexOf('\n', this.#at);
    const line = this.#text.slice(this.#at, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#text.length : end + 1;
    return line;
  }

  write(text: string): void {
    if (this.#sink === undefined) throw refused('EBADF');
    this.#sink(text);
  }

  seek(): never {
    throw refused('ESPIPE');
  }
}

const BLOCK = 4096;

/** A file on the disk, read in blocks. */
export class DiskStream implements Stream {
  readonly fd: number;
  readonly #append: boolean;
  #at = 0;
  #block = '';
  #blockAt = 0;

  constructor(fd: number, mode: string) {
    this.fd = fd;
    this.#append = mode.startsWith('a');
  }

  /** What of the file is at the present place, at least one byte except at the end. */
  #buffered(): string {
    const skip = this.#at - this.#blockAt;
    if (skip >= 0 && skip < this.#block.length) return this.#block.slice(skip);
    const bytes = Buffer.alloc(BLOCK);
    const count = readSync(this.fd, bytes, 0, BLOCK, this.#at);
    this.#block = bytes.toString('latin1', 0, count);
    this.#blockAt = this.#at;
    return this.#block;
  }

  read(count: number): string | undefined {
    let text = '';
    for (;;) {
      const part = this.#buffered().slice(0, count - text.length);
      text += part;
      this.#at += part.length;
      if (part === '') return text === '' ? undefined : text;
      if (text.length >= count) return text;
    }
  }

  peek(): string {
    return this.#buffered().charAt(0);
  }

  line(): string | undefined {
    let text = '';
    for (;;) {
      const part = this.#buffered();
      if (part === '') return text === '' ? undefined : text;
      const end = part.indexOf('\n');
      if (end >= 0) {
        this.#at += end + 1;
        return text + part.slice(0, end);
      }
      text += part;
      this.#at += part.length;
    }
  }

  write(text: string): void {
    if (this.#append) this.#at = fstatSync(this.fd).size;
    const bytes = Buffer.from(text, 'latin1');
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(
        this.fd,
        bytes,
        done,
        bytes.length - done,
        this.#append ? null : this.#at + done,
      );
    }
    this.#at += bytes.length;
    this.#block = '';
  }

  seek(whence: string, offset: number): number {
    const from = whence === 'set' ? 0 : whence === 'cur' ? this.#at : fstatSync(this.fd).size;
    if (from + offset < 0) throw refused('EINVAL');
    this.#at = from + offset;
    return this.#at;
  }
}
