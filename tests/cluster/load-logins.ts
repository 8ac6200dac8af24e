import type { ClusterWorld, EdgeName, Visit } from './cluster-world.ts';

/** Logins, each under a name of its own, and which of them were accepted. */
export class Logins {
  readonly #world: ClusterWorld;
  #made = 0;
  /** Client ids of those that the HTTP door of auth accepted, by decision. */
  readonly atDoor = new Map<string, string>();
  /** User agents of those that an edge let in. */
  readonly atEdge = new Set<string>();

  constructor(world: ClusterWorld) {
    this.#world = world;
  }

  /** At auth's own door. The status, or 0 when nobody answers. */
  async door(url = this.#world.cluster.auth): Promise<number> {
    const { name: username, password } = this.#world.login;
    const client = this.#next();
    const response = await fetch(`${url}/api/v1/generic/json`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, password, client_id: client, client_ip: '192.0.2.7' }),
      signal: AbortSignal.timeout(15_000),
    });
    await response.arrayBuffer();
    if (response.status === 200) {
      this.atDoor.set(response.headers.get('x-nauthilus-session') as string, client);
    }
    return response.status;
  }

  /** By password at an edge; over a connection of its own. */
  async edge(visit: ClusterWorld['visit'], edge: EdgeName): Promise<Visit> {
    const agent = this.#next();
    const headers = { authorization: this.#world.basic, 'user-agent': agent };
    const answer = await visit(edge, { path: '/private', headers });
    if (answer.status === 200) this.atEdge.add(agent);
    return answer;
  }

  #next(): string {
    this.#made += 1;
    return `login-${this.#made}`;
  }
}
