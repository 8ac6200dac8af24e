import type { Readable } from 'node:stream';

/** What goes upstream in place of a body. */
export interface OutgoingBody {
  /** Of what was read already. */
  readonly first: readonly Buffer[];
  /** The rest; undefined: `first` is all. */
  readonly rest: Readable | undefined;
  /** Bytes in all where that has changed; undefined: as the client said. */
  readonly length: number | undefined;
}

/** The body of a request, that a plugin may look into before it is sent on. */
export class RequestBody {
  readonly #stream: Readable;
  readonly #type: string;
  readonly #beforeReading: () => void;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #whole = false;
  #reading: Promise<void> | undefined;

  /** `type` is the value of `content-type`. `beforeReading` lets the client know that the body is wanted. */
  constructor(stream: Readable, type: string | undefined, beforeReading: () => void) {
    this.#stream = stream;
    this.#type = (type ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    this.#beforeReading = beforeReading;
  }

  /** Undefined unless it is a form of at most `limit` bytes. Rejects when the body can't be read to its end. */
  async form(limit: number): Promise<URLSearchParams | undefined> {
    if (this.#type !== 'application/x-www-form-urlencoded') return undefined;
    // One after the other, should two plugins ask at once.
    const before = this.#reading;
    this.#reading = (async () => {
      await before;
      await this.#read(limit);
    })();
    await this.#reading;
    if (!this.#whole || this.#size > limit) return undefined;
    return new URLSearchParams(Buffer.concat(this.#chunks).toString());
  }

  /** Without the fields of these names, if it is a form that was read. */
  outgoing(removed: ReadonlySet<string>): OutgoingBody {
    const rest = this.#whole ? undefined : this.#stream;
    if (!this.#whole || removed.size === 0) {
      return { first: this.#chunks, rest, length: undefined };
    }
    const text = withoutPairs(Buffer.concat(this.#chunks).toString('latin1'), removed);
    const body = Buffer.from(text, 'latin1');
    return { first: body.length === 0 ? [] : [body], rest: undefined, length: body.length };
  }

  async #read(limit: number): Promise<void> {
    if (this.#whole || this.#size > limit) return;
    this.#beforeReading();
    const chunks = this.#stream.iterator({ destroyOnReturn: false });
    for await (const chunk of chunks as AsyncIterable<Buffer>) {
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      if (this.#size > limit) return;
    }
    this.#whole = true;
  }
}

/** A query or form without the pairs of these names; the others stay byte by byte. */
export function withoutPairs(text: string, names: ReadonlySet<string>): string {
  return text
    .split('&')
    .filter((pair) => !names.has(nameOf(pair)))
    .join('&');
}

function nameOf(pair: string): string {
  const [entry] = new URLSearchParams(pair);
  return entry?.[0] ?? '';
}
