/** A field of a form, as sent. */
export type Pair = readonly [name: string, value: string];

const strict = new TextDecoder('utf-8', { fatal: true });

/**
 * The fields of a body `application/x-www-form-urlencoded`, as the WHATWG URL Standard reads it: a `%` that begins no
 * escape stands for itself, as people write `100% sure` with curl. Undefined when it isn't UTF-8.
 */
export function parseFormText(bytes: Uint8Array): Pair[] | undefined {
  const text = Buffer.from(bytes).toString('latin1');
  const pairs: Pair[] = [];
  try {
    for (const part of text.split('&')) {
      if (part === '') continue;
      const equals = part.indexOf('=');
      const [name, value] =
        equals === -1 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
      pairs.push([unescaped(name), unescaped(value)]);
    }
  } catch (error) {
    if (error instanceof TypeError) return undefined; // not UTF-8
    throw error;
  }
  return pairs;
}

/** Works on bytes, each a character of `text`, and reads the result as UTF-8. */
function unescaped(text: string): string {
  const bytes = text
    .replaceAll('+', ' ')
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return strict.decode(Buffer.from(bytes, 'latin1'));
}
