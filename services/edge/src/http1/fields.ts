/**
 * The fields of a head, as they were sent: name, value, name, value … Names keep their case, and repeated fields their order.
 */
export class Fields {
  /** Flat; not to be changed. */
  readonly raw: readonly string[];
  #byName: Map<string, string[]> | undefined;

  constructor(raw: readonly string[]) {
    this.raw = raw;
  }

  get count(): number {
    return this.raw.length / 2;
  }

  /** The values of a field in their order. `name` in lower case. */
  all(name: string): readonly string[] {
    return this.#names().get(name) ?? NONE;
  }

  /** The values as one (RFC 9110 section 5.3; RFC 6265 section 5.4 for `cookie`); undefined when there is none. */
  joined(name: string): string | undefined {
    const values = this.#names().get(name);
    return values?.join(name === 'cookie' ? '; ' : ', ');
  }

  #names(): Map<string, string[]> {
    if (this.#byName === undefined) {
      this.#byName = new Map();
      for (let i = 0; i < this.raw.length; i += 2) {
        const name = (this.raw[i] as string).toLowerCase();
        const value = this.raw[i + 1] as string;
        const values = this.#byName.get(name);
        if (values === undefined) this.#byName.set(name, [value]);
        else values.push(value);
      }
    }
    return this.#byName;
  }
}

const NONE: readonly string[] = Object.freeze([]);

/** The members of comma-separated lists, in lower case, without empty ones (RFC 9110 section 5.6.1). */
export function tokens(values: readonly string[]): string[] {
  return values.flatMap((value) =>
    value
      .split(',')
      .map((token) => token.trim().toLowerCase())
      .filter((token) => token !== ''),
  );
}
