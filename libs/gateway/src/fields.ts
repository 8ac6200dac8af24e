import Type, { type TSchema } from 'typebox';

/** A field that may be left out or null. */
export const nullable = <S extends TSchema>(schema: S, otherwise: unknown = null) =>
  Type.Union([schema, Type.Null()], { default: otherwise });

const UUID = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$';
export const Uuid = Type.String({ pattern: UUID, fault: 'expected a valid UUID' });

/** `{ "id": "<uuid>" }`: how entities refer to each other. */
export const Reference = Type.Object({ id: Uuid }, { additionalProperties: false });

/** Seconds since the epoch, as Kong writes them. */
export const Timestamp = Type.Integer({ minimum: 0 });

/** Names of entities: RFC 3986 unreserved characters and any letter or digit beyond ASCII. */
export const Name = Type.String({
  minLength: 1,
  maxLength: 256,
  pattern: '^[0-9A-Za-z.\\-_~\\u0080-\\uffff]+$',
  fault: "invalid value: the only accepted characters are letters, digits, '.', '-', '_' and '~'",
});

/** Commas and slashes are operators of `?tags=`. */
export const Tags = nullable(
  Type.Array(
    Type.String({
      minLength: 1,
      maxLength: 128,
      pattern: '^[^,/\\u0000-\\u001f\\u007f]+$',
      fault: "invalid tag: expected printable characters except ',' and '/'",
    }),
    { maxItems: 64, uniqueItems: true },
  ),
);

export const Port = Type.Integer({ minimum: 0, maximum: 65535 });

const LABEL = '[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?';
const HOSTNAME = `${LABEL}(\\.${LABEL})*\\.?`;
const IPV6 = '\\[[0-9A-Fa-f:.]+\\]';

/** A host name or an address (IPv6 in brackets or bare); at most 253 characters. */
export const Host = Type.String({
  minLength: 1,
  maxLength: 253,
  pattern: `^(${HOSTNAME}|${IPV6}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)$`,
  fault: 'expected a host name or an IP address',
});

/** What a route's host may be: a name, a name with one `*` as its first or last label, each with an optional port. */
export const HostPattern = Type.String({
  minLength: 1,
  maxLength: 259,
  pattern: `^(\\*\\.${HOSTNAME}|${HOSTNAME.replace('\\.?', '')}\\.\\*|${HOSTNAME}|${IPV6})(:[0-9]{1,5})?$`,
  fault:
    "invalid host: expected a name, or one with '*' as its first or last label, and an optional port",
});

/** A server name as it comes in a ClientHello: no port, no address, `*` as the first or last label. */
export const SniPattern = Type.String({
  minLength: 1,
  maxLength: 253,
  pattern: `^(\\*\\.${HOSTNAME}|${HOSTNAME.replace('\\.?', '')}\\.\\*|${HOSTNAME})$`,
  fault: "invalid server name: expected a name, or one with '*' as its first or last label",
});

/** An absolute path: RFC 3986 path characters, no query. */
export const PATH = "^/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*$";

/** One of a closed set, with the set in the complaint. */
export const oneOf = <const T extends readonly (string | number)[]>(
  otherwise: T[number],
  values: T,
) =>
  Type.Unsafe<T[number]>(
    Type.Enum([...values], {
      default: otherwise,
      fault: `expected one of: ${values.join(', ')}`,
    }),
  );

/** HTTP methods, upper case. */
export const Method = Type.String({
  pattern: '^[A-Z][A-Z0-9-]*$',
  maxLength: 32,
  fault: 'invalid method: expected upper-case letters',
});

/** Header names: RFC 9110 section 5.1 tokens. */
export const HEADER_NAME = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";
