import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that webhook actions post to: an effect that can be counted. */
export interface Hook extends AsyncDisposable {
  readonly url: string;
  /** Posts under way. */
  readonly atWork: number;
  /** The `Idempotency-Key` of each post that came, by decision. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
  /** Posts that came. */
  readonly posts: number;
  /** Posts beyond the first of each key. */
  readonly duplicates: number;
  /** No post is answered until {@link Hook.release}. */
  hold(): void;
  release(): void;
}

export async function startHook(): Promise<Hook> {
  const keys = new Map<string, string[]>();
  const held = new Set<() => void>();
  let holding = false;
  let atWork = 0;
  const server = createServer(async (request, response) => {
    atWork += 1;
    response.once('close', () => {
      atWork -= 1;
    });
    const chunks = await request.toArray();
    const { decision } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    const key = request.headers['idempotency-key'] as string;
    keys.set(decision, [...(keys.get(decision) ?? []), key]);
    if (holding) held.add(() => response.end());
    else response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    keys,
    get atWork() {
      return atWork;
    },
    get posts() {
      return [...keys.values()].reduce((sum, each) => sum + each.length, 0);
    },
    get duplicates() {
      return [...keys.values()].reduce((sum, each) => sum + each.length - new Set(each).size, 0);
    },
    hold() {
      holding = true;
    },
    release() {
      holding = false;
      for (const answer of held) answer();
      held.clear();
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}
