import { MOST_PIECES, pieceName } from './cookie-names.ts';
import { SessionArgumentError, SessionTooLargeError } from './errors.ts';

/** The attributes of the session's cookies. */
export interface CookieAttributes {
  readonly name: string;
  /** Default: none, and so only for the host that set it. */
  readonly domain?: string;
  /** Default `/`. */
  readonly path?: string;
  /** `Default` leaves the attribute out. Default `Strict`. */
  readonly sameSite?: 'Strict' | 'Lax' | 'None' | 'Default';
  readonly priority?: 'Low' | 'Medium' | 'High';
  /** Default false. */
  readonly partitioned?: boolean;
  /** Default true. */
  readonly secure?: boolean;
  /** Default true. */
  readonly httpOnly?: boolean;
  /** Most cookies for one value, 1 to 9. Default 4: other servers' limits for all headers begin at 8 KiB. */
  readonly pieces?: number;
}

/** Texts for `Set-Cookie`, one header each. */
export interface CookieWriter {
  /**
   * The cookies that carry `value` (base64url), then removals of `present` pieces that it doesn't use. `lasting` (`maxAge` in seconds) makes them
   * outlive the browser, at most 400 days; absent, they end with it. Throws `SessionTooLargeError`.
   */
  write(
    value: string,
    options?: {
      readonly present?: readonly string[];
      readonly lasting?: { readonly maxAge: number; readonly now: number };
    },
  ): string[];
  /** Removes the cookie and those of its pieces that are `present`. */
  clear(present?: readonly string[]): string[];
}

/** RFC 6265bis: name and value together; browsers drop what is longer. */
const MOST_BYTES = 4096;

/** What browsers cap a lifetime at (RFC 6265bis, section 5.5). */
const MOST_AGE = 400 * 86_400;

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;
const DOMAIN =
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const PATH = /^\/[\x21-\x3a\x3c-\x7e]{0,1022}$/;

/** Throws `SessionArgumentError` for attributes that don't go together, because browsers would drop the cookie unsaid. */
export function createCookieWriter(attributes: CookieAttributes): CookieWriter {
  const { name, pieces = 4 } = attributes;
  check(attributes);
  const suffix = attributesText(attributes);
  const room = MOST_BYTES - Buffer.byteLength(pieceName(name, MOST_PIECES - 1)) - 2;

  const expired = 'Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0';
  const removal = (piece: string) => `${piece}=; ${suffix}; ${expired}`;
  const ours = (index: number, present: readonly string[]) =>
    present.includes(pieceName(name, index));

  return {
    write(value, { present = [], lasting } = {}) {
      if (!/^[A-Za-z0-9_-]+$/.test(value)) {
        throw new SessionArgumentError(`value of cookie '${name}' must be base64url, not empty`);
      }
      const count = Math.max(1, Math.ceil(value.length / room));
      if (count > pieces) {
        throw new SessionTooLargeError(
          `cookie '${name}' needs ${value.length} bytes, ${pieces} cookies hold ${pieces * room}: use server storage`,
        );
      }
      const life = lasting === undefined ? '' : `; ${lifetime(lasting)}`;
      const texts: string[] = [];
      for (let index = 0; index < MOST_PIECES; index += 1) {
        const piece = pieceName(name, index);
        if (index < count) {
          // The first one says how many there are, so that a left-over is never taken for the end of the value.
          const mark = index === 0 && count > 1 ? `${count}.` : '';
          const part = value.slice(index * room, (index + 1) * room);
          texts.push(`${piece}=${mark}${part}; ${suffix}${life}`);
        } else if (ours(index, present)) {
          texts.push(removal(piece));
        }
      }
      return texts;
    },
    clear(present = []) {
      const indexes = Array.from({ length: MOST_PIECES }, (_, index) => index);
      return indexes
        .filter((index) => index === 0 || ours(index, present))
        .map((index) => removal(pieceName(name, index)));
    },
  };
}

function check(attributes: CookieAttributes): void {
  const { name, domain, path = '/', sameSite, pieces = 4 } = attributes;
  const { secure = true, partitioned = false } = attributes;
  const rules: readonly (readonly [boolean, string])[] = [
    [TOKEN.test(name), `cookie name '${name}' must be a token of at most 256 characters`],
    [domain === undefined || DOMAIN.test(domain), `cookie domain '${domain}' must be a host name`],
    [PATH.test(path), `cookie path '${path}' must begin with / and have no ; or space`],
    [
      Number.isInteger(pieces) && pieces >= 1 && pieces <= MOST_PIECES,
      `pieces is ${pieces}, must be 1 to ${MOST_PIECES}`,
    ],
    [secure || sameSite !== 'None', `cookie '${name}' with SameSite=None must be Secure`],
    [secure || !partitioned, `cookie '${name}' that is Partitioned must be Secure`],
    // Browsers compare the prefixes without regard to case (RFC 6265bis, section 5.7).
    [secure || !/^__(Secure|Host)-/i.test(name), `cookie '${name}' must be Secure by its prefix`],
    [
      !/^__Host-/i.test(name) || (path === '/' && domain === undefined),
      `cookie '${name}' must have path / and no domain by its prefix`,
    ],
  ];
  for (const [holds, rule] of rules) if (!holds) throw new SessionArgumentError(rule);
}

/** In the order that Kong's session plugin has, whose users' tests look at places. */
function attributesText(attributes: CookieAttributes): string {
  const { domain, path = '/', sameSite = 'Strict', priority } = attributes;
  const { partitioned = false, secure = true, httpOnly = true } = attributes;
  return [
    ...(domain === undefined ? [] : [`Domain=${domain}`]),
    `Path=${path}`,
    ...(sameSite === 'Default' ? [] : [`SameSite=${sameSite}`]),
    ...(priority === undefined ? [] : [`Priority=${priority}`]),
    ...(partitioned ? ['Partitioned'] : []),
    ...(secure ? ['Secure'] : []),
    ...(httpOnly ? ['HttpOnly'] : []),
  ].join('; ');
}

function lifetime({ maxAge, now }: { readonly maxAge: number; readonly now: number }): string {
  if (!Number.isSafeInteger(maxAge) || maxAge < 1) {
    throw new SessionArgumentError(`max age is ${maxAge}, must be whole seconds, 1 or more`);
  }
  const seconds = Math.min(maxAge, MOST_AGE);
  return `Expires=${new Date(now + seconds * 1000).toUTCString()}; Max-Age=${seconds}`;
}
