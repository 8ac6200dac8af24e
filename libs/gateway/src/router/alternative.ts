import type { Route } from '../entities/route.ts';
import { HostTable, type RequestHost } from './host.ts';
import { compileRouteRegex, type RouteRegex } from './regex.ts';

/** What a route is matched against. */
export interface RouteRequest {
  /** The scheme the client used, after trusted forwarded headers. */
  readonly scheme: 'http' | 'https';
  readonly method: string;
  readonly host: RequestHost | undefined;
  /** Normalised, see `normalizePath`. */
  readonly path: string;
  /** The server name of the handshake; ignored unless the scheme is https. */
  readonly sni?: string | undefined;
  /** Values of the header called `name` (lower case), in their order. */
  headers(name: string): readonly string[];
}

/**
 * One way to satisfy a route: all its criteria, and of its paths those of one length. A route with paths of several
 * lengths is several alternatives, since the length decides who comes first.
 */
export interface Alternative {
  readonly route: Route;
  readonly rank: number;
  /** Prefixes of one length; undefined for a route without paths, or when `regexes` are asked. */
  readonly prefixes: readonly string[] | undefined;
  readonly regexes: readonly RouteRegex[];
  /** Length of the prefixes; 0 without. */
  readonly length: number;
  /** The criteria beside host and path. */
  accepts(request: RouteRequest): boolean;
}

/** The alternatives of a route, in no order. Its regular expressions were checked when it was written. */
export function alternativesOf(route: Route): Alternative[] {
  const paths = route.paths ?? [];
  const regexes = paths
    .filter((path) => path.startsWith('~'))
    .map((path) => compiled(path.slice(1)));
  const byLength = Map.groupBy(
    paths.filter((path) => !path.startsWith('~')),
    (path) => path.length,
  );
  const accepts = criteria(route);
  const make = (prefixes: string[] | undefined, expressions: RouteRegex[]): Alternative => ({
    route,
    rank: rankOf(route, expressions.length > 0),
    prefixes,
    regexes: expressions,
    length: prefixes?.[0]?.length ?? 0,
    accepts,
  });
  if (paths.length === 0) return [make(undefined, [])];
  const plain = [...byLength.values()].map((prefixes) => make(prefixes, []));
  return regexes.length === 0 ? plain : [...plain, make(undefined, regexes)];
}

/**
 * The order of routes as one number, larger first: how many kinds of criteria (3 bits), plain hosts only (1 bit),
 * number of headers (8 bits), a regular expression (1 bit), its priority (31 bits). 44 bits in all: exact in a double.
 */
function rankOf(route: Route, regex: boolean): number {
  const { methods, hosts, headers, paths, snis } = route;
  const kinds = [methods, hosts, headers, paths, snis].filter(
    (criterion) => criterion !== null,
  ).length;
  const plainHosts = hosts !== null && !hosts.some((host) => host.includes('*'));
  const headerCount = Math.min(255, Object.keys(headers ?? {}).length);
  let rank = kinds;
  rank = rank * 2 + Number(plainHosts);
  rank = rank * 256 + headerCount;
  rank = rank * 2 + Number(regex);
  return rank * 2 ** 31 + (regex ? route.regex_priority : 0);
}

/** Earlier routes first, then by id, so that the order is the same on every edge. */
export function older(a: Alternative, b: Alternative): number {
  const byAge = a.route.created_at - b.route.created_at;
  if (byAge !== 0) return byAge;
  return a.route.id < b.route.id ? -1 : Number(a.route.id > b.route.id);
}

function criteria(route: Route): (request: RouteRequest) => boolean {
  const { protocols, methods, snis, headers } = route;
  const http = protocols.includes('http');
  const https = protocols.includes('https');
  const methodSet = methods === null ? undefined : new Set(methods);
  const names = snis === null ? undefined : sniTable(snis);
  const headerChecks = Object.entries(headers ?? {}).map(([name, values]) =>
    headerCheck(name, values),
  );
  return (request) => {
    // A plain request does match a route for https only: the edge answers it with the route's redirect status.
    if (request.scheme === 'https' ? !https : !http && !https) return false;
    if (methodSet !== undefined && !methodSet.has(request.method)) return false;
    if (names !== undefined && request.scheme === 'https' && !names(request.sni)) return false;
    return headerChecks.every((check) => check(request));
  };
}

function sniTable(snis: readonly string[]): (sni: string | undefined) => boolean {
  const table = new HostTable<true>();
  for (const sni of snis) table.at(sni, () => true);
  return (sni) => {
    if (sni === undefined) return false;
    const name = sni.toLowerCase().replace(/\.$/, '');
    return table.matching({ name, port: undefined }).length > 0;
  };
}

/** Values are compared in lower case; a single value `~*…` is an expression, matched anywhere in the value. */
function headerCheck(name: string, values: readonly string[]): (request: RouteRequest) => boolean {
  const key = name.toLowerCase();
  const [first = ''] = values;
  if (values.length === 1 && first.startsWith('~*')) {
    const regex = compiled(`(?i)(?s:.*?)(?:${first.slice(2)})`);
    return (request) => request.headers(key).some((value) => regex.match(value) !== undefined);
  }
  const wanted = new Set(values.map((value) => value.toLowerCase()));
  return (request) => request.headers(key).some((value) => wanted.has(value.toLowerCase()));
}

function compiled(source: string): RouteRegex {
  const regex = compileRouteRegex(source);
  if ('fault' in regex) throw new RangeError(regex.fault);
  return regex;
}
