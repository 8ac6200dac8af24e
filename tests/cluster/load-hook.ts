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
  /** Posts beyond the first of each key. */
  readonly duplicates: number;
}

/** Takes a moment for each answer, so that somebody is always at work. */
export async function startHook(holdMs: number): Promise<Hook> {
  const keys = new Map<string, string[]>();
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
    setTimeout(() => response.end(), holdMs);
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
    get duplicates() {
      return [...keys.values()].reduce((sum, each) => sum + each.length - new Set(each).size, 0);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}
