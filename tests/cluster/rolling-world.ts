import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import type { ServiceName } from '@sallyport/pki';
import { createProgram, type Program } from '../../infra/cli/src/cluster/program.ts';
import { nodeProgram } from '../../infra/cli/src/cluster/services.ts';
import { freePort } from '../world/program.ts';
import type { ClusterWorld } from './cluster-world.ts';

const HOST = '127.0.0.1';

/** A second process of a worker, as whoever restarts them one at a time has. `door`: where it answers, for auth. */
export async function secondOf(
  { cluster, data }: ClusterWorld,
  service: ServiceName,
): Promise<{ program: Program; door: string }> {
  const [probe, door] = [await freePort(), await freePort()];
  const section = service.toUpperCase();
  const node = {
    ...{ name: `${service}-2`, service, probe: { host: HOST, port: probe } },
    env: {
      [`SALLYPORT_${section}__PRIVATE__HOST`]: HOST,
      [`SALLYPORT_${section}__PRIVATE__PORT`]: String(probe),
      ...(service === 'auth' ? { SALLYPORT_AUTH__HTTP__PORT: String(door) } : {}),
    },
  };
  const config = join(data, 'sallyport.yaml');
  const { passwords } = cluster.brokers;
  return {
    program: createProgram(nodeProgram(node, { data, config, passwords }), {
      onStart: () => {},
      onExit: () => {},
    }),
    door: `http://${HOST}:${door}`,
  };
}

/** An upstream that answers when it is told to. */
export interface SlowUpstream extends AsyncDisposable {
  readonly url: string;
  /** Requests that wait, half of their answer sent. */
  readonly waiting: number;
  release(): void;
}

export async function startSlowUpstream(): Promise<SlowUpstream> {
  const waiting = new Set<ServerResponse>();
  const server = createServer((_request, response) => {
    response.write('first half, ');
    waiting.add(response);
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}`,
    get waiting() {
      return waiting.size;
    },
    release() {
      for (const response of waiting) response.end('second half');
      waiting.clear();
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Whether somebody takes connections there. */
export async function listens(host: string, port: number): Promise<boolean> {
  const socket = connect(port, host);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
