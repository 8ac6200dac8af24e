import type { Route } from '../entities/route.ts';
import { type Alternative, alternativesOf, older, type RouteRequest } from './alternative.ts';
import { HostTable } from './host.ts';

export interface RouteMatch {
  readonly route: Route;
  /** How many characters of the path the route matched; 0 for a route without paths. */
  readonly matchedLength: number;
  /** Named groups of the route's regular expression. */
  readonly captures: Readonly<Record<string, string>>;
}

/** Finds the route of a request. Built once per snapshot; a match allocates next to nothing. */
export interface Router {
  match(request: RouteRequest): RouteMatch | undefined;
}

/**
 * Compiles routes in Kong's order: more kinds of criteria first, then plain hosts before wildcards, more headers,
 * regular expressions by their priority, longer prefixes, older routes. Routes of TLS pass-through are no concern of
 * this router: they are found by the ClientHello alone.
 */
export function createRouter(routes: Iterable<Route>): Router {
  const anyHost = new HostBucket();
  const byHost = new HostTable<HostBucket>();
  for (const route of routes) {
    if (route.protocols.includes('tls_passthrough')) continue;
    const buckets =
      route.hosts === null
        ? [anyHost]
        : new Set(route.hosts.map((host) => byHost.at(host, () => new HostBucket())));
    for (const alternative of alternativesOf(route)) {
      for (const bucket of buckets) bucket.add(alternative);
    }
  }
  return {
    match(request) {
      const buckets = request.host === undefined ? [] : byHost.matching(request.host);
      if (!anyHost.empty) buckets.push(anyHost);
      return best(buckets, request);
    },
  };
}

/** Goes through the ranks of all buckets together, highest first; within a rank length, then age decide. */
function best(buckets: readonly HostBucket[], request: RouteRequest): RouteMatch | undefined {
  const next = buckets.map(() => 0);
  for (;;) {
    let rank = -1;
    for (let i = 0; i < buckets.length; i += 1) {
      rank = Math.max(rank, (buckets[i] as HostBucket).rankAt(next[i] as number));
    }
    if (rank < 0) return undefined;
    let found: Found | undefined;
    for (let i = 0; i < buckets.length; i += 1) {
      const bucket = buckets[i] as HostBucket;
      if (bucket.rankAt(next[i] as number) !== rank) continue;
      found = better(found, bucket.find(next[i] as number, request));
      next[i] = (next[i] as number) + 1;
    }
    if (found !== undefined) {
      return {
        route: found.alternative.route,
        matchedLength: found.length,
        captures: found.captures,
      };
    }
  }
}

interface Found {
  readonly alternative: Alternative;
  readonly length: number;
  readonly captures: Readonly<Record<string, string>>;
}

function better(a: Found | undefined, b: Found | undefined): Found | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const byLength = b.alternative.length - a.alternative.length;
  return byLength > 0 || (byLength === 0 && older(b.alternative, a.alternative) < 0) ? b : a;
}

const NO_CAPTURES = Object.freeze({});

/** The alternatives of one rank: prefixes by their text, expressions in the order of age. */
interface Rank {
  readonly rank: number;
  readonly prefixes: Map<string, Alternative[]>;
  /** Lengths of the prefixes, longest first. */
  readonly lengths: number[];
  readonly regexes: Alternative[];
}

/** What is known of one host pattern. */
class HostBucket {
  readonly #ranks: Rank[] = [];

  get empty(): boolean {
    return this.#ranks.length === 0;
  }

  add(alternative: Alternative): void {
    const rank = this.#rank(alternative.rank);
    if (alternative.regexes.length > 0) {
      insert(rank.regexes, alternative);
      return;
    }
    for (const prefix of alternative.prefixes ?? ['']) {
      const same = rank.prefixes.get(prefix);
      if (same === undefined) rank.prefixes.set(prefix, [alternative]);
      else insert(same, alternative);
    }
    if (!rank.lengths.includes(alternative.length)) {
      rank.lengths.push(alternative.length);
      rank.lengths.sort((a, b) => b - a);
    }
  }

  /** The rank at position `i` of this bucket's order; −1 behind its end. */
  rankAt(i: number): number {
    return this.#ranks[i]?.rank ?? -1;
  }

  find(i: number, request: RouteRequest): Found | undefined {
    const { lengths, prefixes, regexes } = this.#ranks[i] as Rank;
    for (const alternative of regexes) {
      if (!alternative.accepts(request)) continue;
      for (const regex of alternative.regexes) {
        const match = regex.match(request.path);
        if (match !== undefined)
          return { alternative, length: match.length, captures: match.groups };
      }
    }
    for (const length of lengths) {
      if (length > request.path.length) continue;
      const alternatives = prefixes.get(length === 0 ? '' : request.path.slice(0, length));
      const alternative = alternatives?.find((candidate) => candidate.accepts(request));
      if (alternative !== undefined) return { alternative, length, captures: NO_CAPTURES };
    }
    return undefined;
  }

  #rank(rank: number): Rank {
    const at = this.#ranks.findIndex((r) => r.rank <= rank);
    const found = this.#ranks[at];
    if (found?.rank === rank) return found;
    const made: Rank = { rank, prefixes: new Map(), lengths: [], regexes: [] };
    this.#ranks.splice(at === -1 ? this.#ranks.length : at, 0, made);
    return made;
  }
}

function insert(sorted: Alternative[], alternative: Alternative): void {
  // The same path twice in one route is the same alternative.
  if (sorted.includes(alternative)) return;
  const at = sorted.findIndex((other) => older(alternative, other) < 0);
  sorted.splice(at === -1 ? sorted.length : at, 0, alternative);
}
