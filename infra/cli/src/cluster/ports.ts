import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Where systems don't look for ports of their own: what is free there isn't taken by the next connection that somebody opens. */
const FROM = 20_000;
const TO = 30_000;
const given = new Set<number>();

/** `wanted` if it is free on all `hosts`, else a port that is. Free a moment ago: whoever opens it may still find it taken. */
export async function portOn(hosts: readonly string[], wanted = 0): Promise<number> {
  for (let tries = 0; ; tries += 1) {
    const port = wanted !== 0 && tries === 0 ? wanted : randomInt(FROM, TO);
    const free = await Promise.all(hosts.map((host) => isFree(host, port)));
    if (free.every(Boolean) && (port === wanted || !given.has(port))) {
      given.add(port);
      return port;
    }
    if (tries === 100) throw new Error(`no port is free on all of ${hosts.join(', ')}`);
  }
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
