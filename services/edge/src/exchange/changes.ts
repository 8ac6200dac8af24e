import type { AnswerChanges, UpstreamChanges } from './exchange.ts';

/** What plugins want sent upstream differently. */
export class RequestChanges implements UpstreamChanges {
  /** By lower-case name; undefined: taken away. */
  readonly headers = new Map<string, string | undefined>();
  readonly query = new Set<string>();
  readonly formFields = new Set<string>();

  setHeader(name: string, value: string): void {
    this.headers.set(settable(name), checked(value));
  }

  removeHeader(name: string): void {
    this.headers.set(settable(name), undefined);
  }

  removeQuery(name: string): void {
    this.query.add(name);
  }

  removeFormField(name: string): void {
    this.formFields.add(name);
  }
}

/** What plugins want in the head of the response. */
export class ResponseChanges implements AnswerChanges {
  readonly #fields = new Map<string, string[]>();
  readonly #replaced = new Set<string>();

  setHeader(name: string, value: string): void {
    this.#replaced.add(settable(name));
    this.#fields.set(settable(name), [checked(value)]);
  }

  addHeader(name: string, value: string): void {
    const key = settable(name);
    this.#fields.set(key, [...(this.#fields.get(key) ?? []), checked(value)]);
  }

  /** The fields of the response with these changes; `fields` is flat. */
  apply(fields: readonly string[]): string[] {
    const out: string[] = [];
    for (let i = 0; i < fields.length; i += 2) {
      const name = fields[i] as string;
      if (this.#replaced.size === 0 || !this.#replaced.has(name.toLowerCase())) {
        out.push(name, fields[i + 1] as string);
      }
    }
    for (const [name, values] of this.#fields) for (const value of values) out.push(name, value);
    return out;
  }
}

/** Where a message ends is not a plugin's to say. */
const FRAMING = new Set([
  'connection',
  'content-length',
  'transfer-encoding',
  'trailer',
  'upgrade',
]);
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

function settable(name: string): string {
  const key = name.toLowerCase();
  if (FRAMING.has(key) || !NAME.test(key)) {
    throw new TypeError(`header '${name}' must be a field that isn't about framing`);
  }
  return key;
}

/** A line break would end the field and begin another. */
function checked(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) {
    throw new TypeError('header values must be without control characters');
  }
  return value;
}
