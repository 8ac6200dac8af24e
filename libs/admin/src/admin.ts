import type { Server } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { InUseError, type Service, systemClock } from '@sallyport/runtime';
import { buildApp } from './app.ts';
import type { AdminSettings } from './config.ts';
import { ListenError } from './errors.ts';
import type { AdminPorts, AdminRouter } from './ports.ts';

/** The private listener of a process. It answers while the process drains, until it is disposed. */
export interface Admin extends Service {
  /** `http://127.0.0.1:9180`, once started. */
  readonly url: string | undefined;
  /** The OpenAPI 3.1 document of everything it serves, once started. */
  openapi(): object | undefined;
}

/** Requests still running when it closes get so long, milliseconds. */
const CLOSE_MS = 2000;

export function createAdmin(ports: AdminPorts, settings: AdminSettings): Admin {
  let app: AdminRouter | undefined;
  let url: string | undefined;
  let closing = false;
  const open = new Set<Socket>();
  let emptied: (() => void) | undefined;

  /** Accepts nobody any more; who is there gets the answer under way, or to the request that is on its way, and then goes. */
  async function sendHome(server: Server): Promise<void> {
    closing = true;
    // Not http.Server's: that cuts idle connections at once, and with them what their clients have just sent.
    NetServer.prototype.close.call(server);
    if (open.size === 0 || settings.drain_idle === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    emptied = resolve;
    const done = new AbortController();
    const over = systemClock.sleep(settings.drain_idle, done.signal).catch(() => {}); // all have gone before
    await Promise.race([promise, over]);
    done.abort();
  }

  return {
    name: 'admin',
    get url() {
      return url;
    },
    openapi: () => app?.swagger(),
    async start(signal) {
      signal?.throwIfAborted();
      app = await buildApp(ports, settings, () => closing);
      app.server.on('connection', (socket) => {
        open.add(socket);
        socket.once('close', () => {
          open.delete(socket);
          if (open.size === 0) emptied?.();
        });
      });
      const { host, port } = settings;
      try {
        // Without the signal: Node would close the listener when it aborts, while probes are to be told of the drain.
        await app.listen({ host, port });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
          throw new InUseError(`${host}:${port} is used by another process`, { cause: error });
        }
        throw new ListenError(`can't listen on ${host}:${port}`, { cause: error });
      }
      const at = app.server.address() as AddressInfo;
      url = `http://${at.family === 'IPv6' ? `[${at.address}]` : at.address}:${at.port}`;
      ports.logger.info('private listener open', { url });
    },
    async [Symbol.asyncDispose]() {
      if (app === undefined) return;
      const ending = app;
      app = undefined;
      url = undefined;
      await sendHome(ending.server);
      const done = new AbortController();
      const cut = systemClock.sleep(CLOSE_MS, done.signal).then(
        () => ending.server.closeAllConnections(),
        () => {},
      );
      await ending.close();
      done.abort();
      await cut;
    },
  };
}
