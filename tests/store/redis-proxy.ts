import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Decides what becomes of a piece of a conversation, in order: true passes it on, false cuts the connection. */
export type Gate = (piece: string, from: 'client' | 'server') => boolean | Promise<boolean>;

/** A man in the middle between a client and a Redis. */
export interface RedisProxy extends AsyncDisposable {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** Asked about every piece; passes everything at first. */
  gate: Gate;
}

export async function startRedisProxy(target: { host: string; port: number }): Promise<RedisProxy> {
  const sockets = new Set<Socket>();
  const proxy = { gate: (() => true) as Gate };
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    join(client, upstream, 'client');
    join(upstream, client, 'server');
  }).listen(0, '127.0.0.1');

  function join(from: Socket, to: Socket, side: 'client' | 'server'): void {
    sockets.add(from);
    let turn = Promise.resolve();
    const cut = () => {
      from.destroy();
      to.destroy();
    };
    from.on('data', (data: Buffer) => {
      turn = turn.then(async () => {
        if (await proxy.gate(data.toString('latin1'), side)) to.write(data);
        else cut();
      });
      turn.catch(cut);
    });
    from.on('error', cut);
    from.on('close', () => {
      sockets.delete(from);
      cut();
    });
  }

  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    host: '127.0.0.1',
    port,
    get gate() {
      return proxy.gate;
    },
    set gate(gate) {
      proxy.gate = gate;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
