import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Service } from '@sallyport/runtime';

/** The server behind the gate of the demonstration: tells what it was sent. */
export interface DemoUpstream extends Service {
  /** Once started. */
  readonly url: string | undefined;
}

export function createDemoUpstream(): DemoUpstream {
  let server: Server | undefined;
  let url: string | undefined;
  return {
    name: 'demo-upstream',
    get url() {
      return url;
    },
    async start(signal) {
      signal?.throwIfAborted();
      server = createServer((request, response) => {
        const { method, url: path, headers } = request;
        const who = headers['x-sallyport-subject'] ?? 'nobody';
        response.setHeader('content-type', 'text/plain; charset=utf-8');
        response.end(
          [
            'Hello from behind the gate.',
            `  asked for   ${method} ${headers['x-forwarded-proto']}://${headers['x-forwarded-host'] ?? headers.host}${path}`,
            `  by          ${headers['x-forwarded-for']}`,
            `  known as    ${who}`,
            '',
          ].join('\n'),
        );
      });
      server.listen({ host: '127.0.0.1', port: 0 });
      await once(server, 'listening');
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    async [Symbol.asyncDispose]() {
      if (server?.listening !== true) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
