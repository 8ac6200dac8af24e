import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { until } from '../world/until.ts';
import type { ClusterWorld, EdgeName, Visit } from './cluster-world.ts';

export const EDGE_NAMES: readonly EdgeName[] = ['edge-a', 'edge-b'];
const KEY = 'carols very own key';

/** What the tests of a cluster under load visit, and who they are. */
export interface Site extends Disposable {
  /** A key of the consumer `carol`; `/keyed` takes it and gives a session. */
  readonly key: string;
  /** Of a session that both edges know. */
  readonly warm: { readonly cookie: string };
  /** SHA-256 of the certificate of `demo.example`. */
  readonly fingerprint: string;
  /** Keeps connections to both edges. */
  readonly agent: Agent;
  /** Sessions that no edge has seen yet, each given once. Made by {@link Site.refill}. */
  coldCookie(): string;
  refill(count: number): Promise<void>;
  /** A visit with the key and no cookie. */
  byKey(edge: EdgeName): Promise<Visit>;
}

/** Beside the demonstration: `/keyed`, with the plugins session and key-auth, and a consumer who has a key. */
export async function openSite(world: ClusterWorld): Promise<Site> {
  const { cluster, operator, visit } = world;
  const [demo] = (await operator<{ data: { id: string }[] }>('GET', '/services')).data;
  const service = { id: demo?.id };
  await operator('PUT', '/consumers/carol', {});
  await operator('POST', '/consumers/carol/key-auth', { key: KEY });
  const route = { paths: ['/keyed'], strip_path: false, service };
  await operator('PUT', '/routes/keyed', route);
  for (const [name, config] of [
    ['session', { storage: 'server', cookie_same_site: 'Lax' }],
    ['key-auth', {}],
  ] as const) {
    await operator('POST', '/routes/keyed/plugins', { name, config });
  }
  const agent = new Agent({ keepAlive: true, ca: await readFile(cluster.authority, 'utf8') });
  const byKey = (edge: EdgeName) =>
    visit(edge, { path: '/keyed', headers: { apikey: KEY }, agent });
  const cookieOf = async () => {
    const login = await visit('edge-a', {
      path: '/private',
      headers: { authorization: world.basic },
    });
    if (login.cookie === undefined) throw new Error(`no cookie: ${login.status} ${login.body}`);
    return login.cookie;
  };
  const warm = { cookie: await cookieOf() };
  let fingerprint = '';
  for (const edge of EDGE_NAMES) {
    await until(async () => (await byKey(edge)).status === 200, `${edge} takes the key`);
    const seen = await visit(edge, { path: '/private', headers: warm });
    if (seen.status !== 200) throw new Error(`${edge} does not know the session: ${seen.status}`);
    fingerprint = seen.fingerprint;
  }
  const cold: string[] = [];
  return {
    ...{ key: KEY, warm, fingerprint, agent, byKey },
    coldCookie() {
      const cookie = cold.pop();
      if (cookie === undefined) throw new Error('no cold cookie is left');
      return cookie;
    },
    async refill(count) {
      while (cold.length < count) cold.push(await cookieOf());
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}

/** What is wrong with an answer that should have been this one. */
export function fault({ status, body }: Visit, expected = 200, text?: RegExp): string | undefined {
  if (status !== expected) return `${status} ${body.slice(0, 120)}`;
  return text === undefined || text.test(body) ? undefined : `not ${text}: ${body.slice(0, 120)}`;
}
