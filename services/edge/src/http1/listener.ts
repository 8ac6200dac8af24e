import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { InUseError, type Logger } from '@sallyport/runtime';
import { ListenError } from '../errors.ts';

/** A TCP port that gives what connects to somebody else. */
export interface Listener {
  /** While it listens. */
  readonly address: AddressInfo | undefined;
  /** `InUseError` when the port is another's, `ListenError` when it can't be had for another reason. */
  start(): Promise<void>;
  /** Accepts nothing more; what was accepted goes on. */
  close(): void;
}

const BACKLOG = 4096;

export function tcpListener(
  { host, port }: { readonly host: string; readonly port: number },
  onSocket: (socket: Socket) => void,
  logger: Logger,
): Listener {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, onSocket);
  return {
    get address() {
      return server.listening ? (server.address() as AddressInfo) : undefined;
    },
    async start() {
      server.listen({ host, port, backlog: BACKLOG });
      try {
        await once(server, 'listening');
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code === 'EADDRINUSE') {
          throw new InUseError(`${host}:${port} is used by another process`, { cause });
        }
        throw new ListenError(`can't listen on ${host}:${port}`, { cause });
      }
      server.on('error', (error) => logger.error('can’t accept connections', { error }));
    },
    close() {
      if (server.listening) server.close();
    },
  };
}
