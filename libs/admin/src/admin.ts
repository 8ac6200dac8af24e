import type { AddressInfo } from 'node:net';
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
  return {
    name: 'admin',
    get url() {
      return url;
    },
    openapi: () => app?.swagger(),
    async start(signal) {
      signal?.throwIfAborted();
      app = await buildApp(ports, settings);
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
      const closing = app;
      app = undefined;
      url = undefined;
      const done = new AbortController();
      const cut = systemClock.sleep(CLOSE_MS, done.signal).then(
        () => closing.server.closeAllConnections(),
        () => {},
      );
      await closing.close();
      done.abort();
      await cut;
    },
  };
}
