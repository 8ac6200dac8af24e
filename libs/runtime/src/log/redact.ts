/** What stands where a secret stood. */
export const MASK = '***';

/** A key that contains one of these, separators left out, bears a secret wherever it stands. */
const SECRET = /passw(or)?d|passphrase|authorization|cookie|token|secret|api_?key|credential/;
/** Short words that bear a secret only as the last word of a key: `key`, `private_key`, but not `key_id`. */
const SECRET_LAST = /(^|_)(key|pass|pwd|pin|otp|kek|seed)s?$/;
/** `token_type`, `cookie_name`, `password_length`: about a secret, not one. */
const ABOUT = /_(id|ids|name|type|kind|count|length|size|age|ms|version|policy|source)$/;

const DEEPEST = 8;
const MOST_MEMBERS = 200;
const LONGEST = 16 * 1024;

/** Whether the value under `key` must not be shown. */
export function bearsSecret(key: string): boolean {
  if (key.length > 200) return false;
  const words = key
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase();
  return !ABOUT.test(words) && (SECRET.test(words) || SECRET_LAST.test(words));
}

/**
 * Text that may be shown: credentials in URLs and in Authorization values masked, characters that move a
 * terminal's cursor or end a line in some viewers (DEL, C1, U+2028, U+2029) written out, cut at 16 KiB.
 * The other control characters are JSON's to escape.
 */
export function cleanText(text: string): string {
  const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${text.length})` : text;
  return cut
    .replace(/(:\/\/[^\s/:@]{0,256}):[^\s@]{1,1024}@/g, `$1:${MASK}@`)
    .replace(/\b(Bearer|Basic|Digest|Negotiate) +[A-Za-z0-9._~+/=-]+/gi, `$1 ${MASK}`)
    .replace(/[\u007f-\u009f\u2028\u2029]/g, (c) => `\\u${hex4(c)}`);
}

/**
 * A copy of `value` that can be written as JSON and shows no secret, however deep: plain objects, arrays, Maps,
 * Sets, Errors (with code and causes) and Headers-like iterables are followed; cycles, depth and breadth are cut.
 */
export function cleanValue(value: unknown): unknown {
  return clean(value, 0, new Set());
}

function clean(value: unknown, depth: number, above: Set<object>): unknown {
  switch (typeof value) {
    case 'string':
      return cleanText(value);
    case 'bigint':
    case 'symbol':
      return String(value);
    case 'function':
      return undefined;
    case 'object':
      return value === null ? null : cleanObject(value, depth, above);
    default:
      return value;
  }
}

function cleanObject(value: object, depth: number, above: Set<object>): unknown {
  if (above.has(value)) return '(circular)';
  if (depth >= DEEPEST) return '(deeper)';
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
    return `(${value.byteLength} bytes)`;
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  }
  above.add(value);
  try {
    const inner = (member: unknown) => clean(member, depth + 1, above);
    if (value instanceof Error) return cleanError(value, inner);
    if (Array.isArray(value) || value instanceof Set) return cleanList([...value], inner);
    if (value instanceof Map || value instanceof Headers || value instanceof URLSearchParams) {
      return cleanEntries(
        [...value].map(([k, v]) => [String(k), v]),
        inner,
      );
    }
    if (value instanceof URL) return cleanText(value.href);
    // A type that says itself how it wants to be shown, such as Secret.
    const own = (value as { toJSON?: unknown }).toJSON;
    if (typeof own === 'function') return inner(own.call(value));
    return cleanEntries(Object.entries(value), inner);
  } catch (error) {
    // A getter or toJSON of the logged object threw; the line is still worth having.
    return `(unreadable: ${error instanceof Error ? error.name : typeof error})`;
  } finally {
    above.delete(value);
  }
}

function cleanEntries(
  entries: readonly (readonly [string, unknown])[],
  inner: (member: unknown) => unknown,
): unknown {
  const out: Record<string, unknown> = Object.create(null);
  for (const [key, member] of entries.slice(0, MOST_MEMBERS)) {
    out[cleanText(key)] = bearsSecret(key) && holds(member) ? MASK : inner(member);
  }
  if (entries.length > MOST_MEMBERS) out['…'] = `${entries.length - MOST_MEMBERS} more`;
  return out;
}

/** Lists may be headers in the form name, value, name, value, or [name, value]: what follows a secret's name is masked. */
function cleanList(members: readonly unknown[], inner: (member: unknown) => unknown): unknown[] {
  const out = members.slice(0, MOST_MEMBERS).map((member, i) => {
    const before = i > 0 ? members[i - 1] : undefined;
    const named = typeof before === 'string' && !before.includes(' ') && bearsSecret(before);
    return named && typeof member === 'string' ? MASK : inner(member);
  });
  if (members.length > MOST_MEMBERS) out.push(`… ${members.length - MOST_MEMBERS} more`);
  return out;
}

function cleanError(error: Error, inner: (member: unknown) => unknown): unknown {
  const { name, message, stack, cause } = error;
  const shown = cleanEntries(Object.entries(error), inner) as Record<string, unknown>;
  return {
    name,
    message: inner(message),
    ...shown,
    ...(stack === undefined ? {} : { stack: inner(stack) }),
    ...(cause === undefined ? {} : { cause: inner(cause) }),
    ...(error instanceof AggregateError ? { errors: inner(error.errors) } : {}),
  };
}

/** Booleans, null and undefined under a secret's name say whether there is one, not what it is. */
function holds(member: unknown): boolean {
  return member !== null && member !== undefined && typeof member !== 'boolean';
}

function hex4(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(4, '0');
}
