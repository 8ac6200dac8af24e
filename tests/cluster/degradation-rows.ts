import { readFile } from 'node:fs/promises';
import { connect } from 'node:tls';
import type { ClusterWorld, EdgeName, Visit } from './cluster-world.ts';
import type { Logins } from './load-logins.ts';
import type { Site } from './load-site.ts';

/** Rows of DESIGN 3 "Degradation" that one request shows. */
export type Row =
  | 'cold session'
  | 'login by a local credential'
  | 'pipeline-auth at the edge'
  | "auth's own door"
  | 'known certificate'
  | 'entity change';

/** What rows leave to be looked at afterwards. */
export interface Left {
  /** Cookies of sessions that couldn't be looked up. */
  readonly cookies: string[];
  /** Keys that were given to a consumer. */
  readonly keys: string[];
}

/** Does what a row is about, and tells in words what came of it. */
export type Try = (edge: EdgeName) => Promise<string>;

export function degradationRows(
  world: ClusterWorld,
  site: Site,
  logins: Logins,
  left: Left,
): Record<Row, Try> {
  const { visit } = world;
  let changes = 0;
  return {
    async 'cold session'(edge) {
      const cookie = site.coldCookie();
      const seen = await visit(edge, { path: '/private', headers: { cookie } });
      if (seen.status === 503) left.cookies.push(cookie);
      return wordsOf(seen);
    },
    'login by a local credential': async (edge) => wordsOf(await site.byKey(edge)),
    'pipeline-auth at the edge': async (edge) => wordsOf(await logins.edge(visit, edge)),
    "auth's own door": async () => String(await logins.door()),
    async 'known certificate'(edge) {
      const { status, fingerprint } = await visit(edge);
      return `${status}, ${fingerprint === site.fingerprint ? 'its own' : 'another'}`;
    },
    async 'entity change'() {
      changes += 1;
      const key = `key ${changes} of a hard time`;
      const response = await fetch(`${world.cluster.api}/consumers/carol/key-auth`, {
        method: 'POST',
        headers: { authorization: `Bearer ${world.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ key }),
        signal: AbortSignal.timeout(15_000),
      });
      await response.arrayBuffer();
      if (response.ok) left.keys.push(key);
      const after = response.headers.get('retry-after');
      return `${response.status}${after === null ? '' : `, Retry-After ${after}`}`;
    },
  };
}

function wordsOf({ status, headers, cookie }: Visit): string {
  const after = headers['retry-after'];
  if (after !== undefined) return `${status}, Retry-After ${after}`;
  return `${status}, ${cookie === undefined ? 'no cookie' : 'cookie'}`;
}

/** Shakes hands, and tells whether the certificate was the name's own, and after how many milliseconds. */
export async function shakeHands(
  { cluster }: ClusterWorld,
  edge: EdgeName,
  name: string,
): Promise<{ shown: 'its own' | 'fallback' | 'nothing'; ms: number }> {
  const ca = await readFile(cluster.authority, 'utf8');
  const began = performance.now();
  const { promise, resolve } = Promise.withResolvers<'its own' | 'fallback' | 'nothing'>();
  const socket = connect({
    ...{ host: cluster.edges[edge], port: cluster.httpsPort, servername: name },
    ...{ ca, rejectUnauthorized: false },
  });
  socket.once('secureConnect', () => resolve(socket.authorized ? 'its own' : 'fallback'));
  socket.once('error', () => resolve('nothing'));
  const shown = await promise;
  socket.destroy();
  return { shown, ms: performance.now() - began };
}
