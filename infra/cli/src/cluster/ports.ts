import { once } from 'node:events';
import { createServer } from 'node:net';

/** `wanted` if it is free on all `hosts`, else a port that is. Free a moment ago: whoever opens it may still find it taken. */
export async function portOn(hosts: readonly string[], wanted = 0): Promise<number> {
  for (let tries = 0; ; tries += 1) {
    const port = wanted !== 0 && tries === 0 ? wanted : await someFree(hosts[0] as string);
    const free = await Promise.all(hosts.map((host) => isFree(host, port)));
    if (free.every(Boolean)) return port;
    if (tries === 100) throw new Error(`no port is free on all of ${hosts.join(', ')}`);
  }
}

async function someFree(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
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
