/** A login name and a password. */
export interface BasicCredentials {
  readonly login: string;
  readonly password: string;
}

/** Of the header field; a password of four bytes a character still fits a sealed field. */
const LONGEST_FIELD = 16_384;
const LONGEST_LOGIN = 1024;
const LONGEST_PASSWORD = 2048;

const FIELD = /^basic +([A-Za-z0-9+/]+={0,2})[ \t]*$/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 7617 section 2 forbids exactly these.
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Whether an Authorization field is of this scheme, good or not. */
export function isBasic(field: string): boolean {
  return /^basic(?: |$)/i.test(field);
}

/**
 * What an Authorization field of scheme Basic says (RFC 7617), read as UTF-8. Undefined for everything that isn't that to the letter: bytes that
 * aren't UTF-8, control characters, an empty name or password. Any text gives a result; none throws.
 */
export function basicCredentials(field: string): BasicCredentials | undefined {
  if (field.length > LONGEST_FIELD) return undefined;
  const token = FIELD.exec(field)?.[1];
  if (token === undefined) return undefined;
  const bytes = Buffer.from(token, 'base64');
  // Node's decoder takes what is no base64; only one spelling, with its padding or without, is read.
  const canonical = bytes.toString('base64');
  if (token !== canonical && token !== canonical.replace(/=+$/, '')) return undefined;
  const text = decoded(bytes);
  const colon = text?.indexOf(':') ?? -1;
  if (text === undefined || colon < 1 || CONTROL.test(text)) return undefined;
  const [login, password] = [text.slice(0, colon), text.slice(colon + 1)];
  if (login.length > LONGEST_LOGIN || password.length > LONGEST_PASSWORD) return undefined;
  return password === '' ? undefined : { login, password };
}

function decoded(bytes: Buffer): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    // The decoder's only way to say that it isn't UTF-8.
    return undefined;
  }
}
