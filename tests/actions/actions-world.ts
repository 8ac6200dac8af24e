import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ActionsPorts, actionsConfig, createActions } from '@sallyport/actions';
import type { Bus, DeadLetter } from '@sallyport/bus';
import { openLocalHub } from '@sallyport/bus/local';
import { openNatsBus } from '@sallyport/bus/nats';
import { actionsRun, type DataOf } from '@sallyport/contracts';
import { createLogger, loadConfig, randomIds, systemClock } from '@sallyport/runtime';

export type RunData = DataOf<typeof actionsRun>;

export const JOB: RunData = {
  ...{ action: 'hook', trigger: 'post', decision: 'd1', verdict: 'reject', reason: 'rbl' },
  account: 'alice@example.com',
  request: { login: 'alice', door: 'edge', client: { address: '192.0.2.7' } },
};

const own = () => ({
  ...{ source: '/actions', instance: randomUUID() },
  ...{ clock: systemClock, ids: randomIds(systemClock) },
});

/** A bus in this process, or on a NATS server. */
export async function openBus(natsUrl?: string): Promise<Bus & AsyncDisposable> {
  if (natsUrl !== undefined) {
    return await openNatsBus({ ...own(), servers: natsUrl, service: 'actions' });
  }
  const hub = await openLocalHub({ path: ':memory:', clock: systemClock });
  const bus = hub.connect(own());
  const close = bus[Symbol.asyncDispose].bind(bus);
  return Object.assign(bus, {
    async [Symbol.asyncDispose]() {
      await close();
      await hub[Symbol.asyncDispose]();
    },
  });
}

export async function configOf(settings: Record<string, unknown>, env = {}) {
  const text = JSON.stringify({ actions: settings });
  const { values } = await loadConfig({
    ...{ sections: [actionsConfig], files: [{ name: 'test', text }], env },
  });
  return values.actions;
}

/** An instance of the service, and what it logged. */
export async function startActions(
  bus: Pick<Bus, 'jobs'>,
  settings: Record<string, unknown>,
  ports: Partial<ActionsPorts> & { env?: Record<string, string> } = {},
): Promise<{ readonly lines: Record<string, unknown>[] } & AsyncDisposable> {
  const lines: Record<string, unknown>[] = [];
  const sink = {
    write: (line: string) => void lines.push(JSON.parse(line)),
    flush: async () => {},
  };
  const { env = {}, ...rest } = ports;
  const service = createActions(
    { bus, clock: systemClock, logger: createLogger({ sink, level: 'debug' }), ...rest },
    await configOf(settings, env),
  );
  await service.start();
  return { lines, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() };
}

export interface Call {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly time: number;
}

export interface Answering {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** Sends the head, and then nothing. */
  readonly hang?: boolean;
}

/** Somebody who is posted to. */
export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly calls: Call[];
}

export async function startReceiver(
  answer: (n: number, call: Call) => Answering | undefined = () => ({ status: 200 }),
): Promise<Receiver> {
  const calls: Call[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const call = { headers: request.headers, body: Buffer.concat(chunks), time: Date.now() };
      calls.push(call);
      const answering = answer(calls.length, call);
      // Undefined: silence.
      if (answering === undefined) return;
      response.writeHead(answering.status, answering.headers);
      if (answering.hang === true) response.flushHeaders();
      else response.end(answering.body ?? '');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...{ url: `http://127.0.0.1:${port}/hook`, port, calls },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export const letters = (bus: Bus): Promise<DeadLetter[]> =>
  bus.deadLetters.list({ subject: actionsRun.subject });
