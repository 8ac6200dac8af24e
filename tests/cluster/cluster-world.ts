import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { type Cluster, openCluster } from '../../infra/cli/src/cluster/cluster.ts';
import { writeDemoEntities } from '../../infra/cli/src/demo/entities.ts';
import { type DemoLogin, demoLogin } from '../../infra/cli/src/demo/login.ts';
import { demoSettings } from '../../infra/cli/src/demo/settings.ts';
import { createDemoUpstream } from '../../infra/cli/src/demo/upstream.ts';
import { tempDir } from '../world/program.ts';

export type EdgeName = 'edge-a' | 'edge-b';

/** A cluster with the entities and the login of the demonstration. */
export interface ClusterWorld extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly data: string;
  readonly login: DemoLogin;
  /** Of control's listener. */
  readonly token: string;
  /** `Authorization` of the demonstration's login. */
  readonly basic: string;
  /** A request to one edge, over a connection of its own. Rejects when there is no answer. */
  visit(edge: EdgeName, options?: VisitOptions): Promise<Visit>;
  /** What control answers, parsed; rejects for another status than 2xx. */
  operator<T>(method: string, path: string, body?: object): Promise<T>;
  /** The text of a program's log so far. */
  log(name: string): Promise<string>;
}

export interface VisitOptions {
  /** Default `demo.example`. */
  readonly name?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** Keeps connections from request to request; it must trust `cluster.authority`. */
  readonly agent?: Agent;
}

export interface Visit {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** `name=value` of the session that was set, for a `cookie` field. */
  readonly cookie: string | undefined;
  /** SHA-256 of the certificate that was shown, as Node writes it. */
  readonly fingerprint: string;
}

export interface ClusterWorldOptions {
  /** Whether pebble is the CA. Default: the internal one is. */
  readonly pebble?: boolean;
  /** Keys of sections, over those of the demonstration. */
  readonly settings?: Readonly<Record<string, object>>;
}

/** Starts a whole cluster in a directory of its own; some ten seconds. Programs that end by themselves are for the test to see. */
export async function startCluster(options: ClusterWorldOptions = {}): Promise<ClusterWorld> {
  await using stack = new AsyncDisposableStack();
  const { path: data } = stack.use(await tempDir());
  const { signal } = new AbortController();
  const login = await demoLogin(data, signal);
  const cluster = stack.use(
    await openCluster({
      ...{ data, pebble: options.pebble ?? false, usualPorts: false, onExit: () => {} },
      settings: over(demoSettings(login), options.settings ?? {}),
    }),
  );
  await cluster.start(signal);
  const upstream = stack.use(createDemoUpstream());
  await upstream.start();
  const token = (await readFile(cluster.tokenFile, 'utf8')).trim();
  await writeDemoEntities({ url: cluster.api, token }, upstream.url as string, signal);
  const owned = stack.move();
  return {
    ...{ cluster, data, login, token },
    basic: `Basic ${Buffer.from(`${login.name}:${login.password}`).toString('base64')}`,
    visit: async (edge, visit) => visitEdge(cluster, edge, visit),
    async operator<T>(method: string, path: string, body?: object) {
      const response = await fetch(`${cluster.api}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      return (text === '' ? undefined : JSON.parse(text)) as T;
    },
    log: (name) => readFile(join(data, 'log', `${name}.log`), 'utf8'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function over(
  below: Readonly<Record<string, object>>,
  above: Readonly<Record<string, object>>,
): Record<string, object> {
  const sections = [...new Set([...Object.keys(below), ...Object.keys(above)])];
  return Object.fromEntries(sections.map((name) => [name, { ...below[name], ...above[name] }]));
}

async function visitEdge(
  cluster: Cluster,
  edge: EdgeName,
  { name = 'demo.example', path = '/', headers = {}, timeoutMs, agent: kept }: VisitOptions = {},
): Promise<Visit> {
  const ca = await readFile(cluster.authority, 'utf8');
  const agent = kept ?? new Agent({ keepAlive: false, ca, servername: name });
  const { promise, resolve, reject } = Promise.withResolvers<Visit>();
  const { httpsPort: port } = cluster;
  const sent = request(
    {
      ...{ host: cluster.edges[edge], port, path, agent, servername: name },
      headers: { host: `${name}:${port}`, ...headers },
      signal: AbortSignal.timeout(timeoutMs ?? 15_000),
    },
    (answer) => {
      const { fingerprint256 } = (
        answer.socket as import('node:tls').TLSSocket
      ).getPeerCertificate();
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        body += chunk;
      });
      answer.on('error', reject);
      answer.on('end', () => {
        const [set] = answer.headers['set-cookie'] ?? [];
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body,
          cookie: set?.split(';')[0],
          fingerprint: fingerprint256,
        });
      });
    },
  );
  sent.on('error', reject);
  sent.end();
  try {
    return await promise;
  } finally {
    if (agent !== kept) agent.destroy();
  }
}
