const ESCAPE = /%([0-9A-Fa-f]{2})/g;
const UNRESERVED = /[A-Za-z0-9._~-]/;

/**
 * The one form of a request path that routes are matched against, RFC 3986 section 6.2.2: percent-encoded unreserved
 * characters decoded, other escapes in upper case, dot segments removed, runs of slashes made one. `undefined` when
 * the path isn't absolute or has a broken escaped: answer 400. The query must be cut off before.
 *
 * What is sent upstream is made from this form too: a path that meant one thing to a route must not mean another
 * behind it.
 */
export function normalizePath(raw: string): string | undefined {
  if (!raw.startsWith('/')) return undefined;
  let path = raw;
  if (path.includes('%')) {
    if (/%(?![0-9A-Fa-f]{2})/.test(path)) return undefined;
    path = path.replaceAll(ESCAPE, (escaped, hex: string) => {
      const character = String.fromCharCode(Number.parseInt(hex, 16));
      return UNRESERVED.test(character) ? character : escaped.toUpperCase();
    });
  }
  if (path.includes('//')) path = path.replaceAll(/\/{2,}/g, '/');
  return path.includes('/.') ? removeDotSegments(path) : path;
}

/** RFC 3986 section 5.2.4, for absolute paths without empty segments. */
function removeDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const [i, segment] of segments.entries()) {
    const last = i === segments.length - 1;
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
    // A dot segment at the end names a directory.
    if (last && (segment === '.' || segment === '..')) kept.push('');
  }
  return `/${kept.join('/')}`;
}

/**
 * The path to ask the upstream for: the service's own path, then what remains of the request's.
 *
 * `v0` puts exactly one slash between them. `v1` writes them one after the other. With `consumed` the part of the
 * request that the route matched is taken away; what remains can't climb out of the service's path.
 * (Kong's rules; `tests/fixtures/gateway/path_handling.json` has them row by row.)
 */
export function upstreamPath(options: {
  /** The service's path; null is the same as `/`. */
  readonly base: string | null;
  /** The request's path, normalised. */
  readonly path: string;
  /** How many characters the route matched and takes away; 0 keeps all. */
  readonly consumed: number;
  readonly handling: 'v0' | 'v1';
}): string {
  const { path, consumed, handling } = options;
  const base = options.base ?? '/';
  const rest = consumed === 0 ? path.slice(1) : withoutClimbing(path.slice(consumed));
  if (handling === 'v1')
    return base.endsWith('/') && rest.startsWith('/') ? base + rest.slice(1) : base + rest;
  const stem = base.endsWith('/') ? base.slice(0, -1) : base;
  if (rest !== '') return rest.startsWith('/') ? stem + rest : `${stem}/${rest}`;
  if (path === '/') return base;
  return path.endsWith('/') || stem === '' ? `${stem}/` : stem;
}

/** `/route../x` is no dot segment, but what is left of it without `/route` would be one. */
function withoutClimbing(rest: string): string {
  return rest.replace(/^(\.{1,2}(\/|$))+/, '');
}
