import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A TCP line to a server on loopback that can be held and cut. */
export interface Line extends AsyncDisposable {
  readonly url: string;
  /** What the server sends is kept back from now on. */
  hold(): void;
  /** Bytes kept back. */
  readonly held: number;
  /** Lets through what was kept back. */
  release(): void;
  /** Ends all connections; what was kept back is lost. New ones are let through. */
  cut(): void;
}

export async function openLine(port: number): Promise<Line> {
  const sockets = new Set<Socket>();
  let kept: { to: Socket; chunk: Buffer }[] = [];
  let holding = false;
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
      // A reset is one way for a line to end; 'close' follows.
      socket.on('error', () => {});
    }
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      if (holding) kept.push({ to: client, chunk });
      else client.write(chunk);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    holding = false;
    kept = [];
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `nats://127.0.0.1:${(server.address() as { port: number }).port}`,
    hold() {
      holding = true;
    },
    get held() {
      return kept.reduce((sum, { chunk }) => sum + chunk.length, 0);
    },
    release() {
      holding = false;
      for (const { to, chunk } of kept.splice(0)) to.write(chunk);
    },
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
