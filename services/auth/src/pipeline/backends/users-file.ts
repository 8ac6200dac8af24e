import type { Unusable } from '@sallyport/passwords';
import { UsersFileError } from '../../errors.ts';

/** One user of a users file. */
export interface FileUser {
  readonly hash: string;
  readonly account: string;
  readonly attributes: Readonly<Record<string, readonly string[]>>;
}

export type Users = ReadonlyMap<string, FileUser>;

const MOST_LINE = 8192;
const MOST_NAME = 1024;
/** Mistakes that one error tells of. */
const MOST_SHOWN = 20;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL = /[\x00-\x1f\x7f]/;
const ATTRIBUTE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/**
 * Reads a users file: a line `name:hash[:account[:attribute=value…]]` for each user, in UTF-8. Empty lines and those that
 * begin with `#` are skipped. Without an account it is the name; an attribute given again has several values; no part can
 * have a colon in it.
 *
 * `UsersFileError` with every mistake, by line and rule; nothing of a hash is in it. `check` judges a hash.
 */
export function parseUsers(
  path: string,
  bytes: Uint8Array,
  check: (hash: string) => Unusable | undefined,
): Users {
  const mistakes: string[] = [];
  const users = new Map<string, FileUser>();
  const lines = new Map<string, number>();
  for (const [i, line] of decode(path, bytes).split('\n').entries()) {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (text.trim() === '' || text.startsWith('#')) continue;
    try {
      const [name, user] = parseLine(text, check);
      const earlier = lines.get(name);
      if (earlier !== undefined) throw new Mistake(`user is on line ${earlier} already`);
      lines.set(name, i + 1);
      users.set(name, user);
    } catch (error) {
      if (!(error instanceof Mistake)) throw error;
      mistakes.push(`line ${i + 1}: ${error.message}`);
    }
  }
  if (mistakes.length > 0) {
    const more = mistakes.length - MOST_SHOWN;
    const shown = mistakes.slice(0, MOST_SHOWN).join('; ');
    throw new UsersFileError(`users file ${path}: ${shown}${more > 0 ? `; and ${more} more` : ''}`);
  }
  return users;
}

class Mistake extends Error {}

function parseLine(
  text: string,
  check: (hash: string) => Unusable | undefined,
): [string, FileUser] {
  if (text.length > MOST_LINE) throw new Mistake(`must have at most ${MOST_LINE} characters`);
  const [name = '', hash, account = '', ...pairs] = text.split(':');
  if (hash === undefined) throw new Mistake('must be name:hash[:account[:attribute=value…]]');
  checkName('name', name);
  if (account !== '') checkName('account', account);
  const fault = check(hash);
  if (fault !== undefined) throw new Mistake(`hash is ${fault.reason}: ${fault.detail}`);
  const attributes = new Map<string, string[]>();
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const key = pair.slice(0, Math.max(0, equals));
    if (!ATTRIBUTE.test(key) || key === 'account') {
      throw new Mistake(
        `attribute ${JSON.stringify(key)} must be letters, digits, hyphens, underscores, and not 'account'; then = and a value`,
      );
    }
    const value = pair.slice(equals + 1);
    if (CONTROL.test(value)) throw new Mistake(`attribute ${key} must have no control characters`);
    attributes.set(key, [...(attributes.get(key) ?? []), value]);
  }
  return [
    name,
    { hash, account: account === '' ? name : account, attributes: Object.fromEntries(attributes) },
  ];
}

function checkName(what: string, text: string): void {
  if (text === '' || text.length > MOST_NAME || text.trim() !== text || CONTROL.test(text)) {
    throw new Mistake(
      `${what} ${JSON.stringify(text.slice(0, 40))} must have 1 to ${MOST_NAME} characters, none of them control characters, and no space at its ends`,
    );
  }
}

function decode(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new UsersFileError(`users file ${path} must be UTF-8`, { cause });
  }
}
