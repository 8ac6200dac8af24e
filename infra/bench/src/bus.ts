import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { Bus } from '@sallyport/bus';
import { openNatsBus } from '@sallyport/bus/nats';
import { randomIds, systemClock } from '@sallyport/runtime';
import { ANSWER, benchEvent, benchRpc, handshake, PEER_SUBJECT, QUESTION } from './bus-messages.ts';
import { ended, startBenchNats } from './nats-server.ts';
import type { BenchOptions, BenchReport } from './report.ts';

/** Requests on their way at a time: what an edge under load has. */
const CONCURRENT = 64;
const EVENTS_PER_SECOND = 20_000;

/**
 * The bus over a real nats-server on loopback: CPU of this process alone, per operation; server and responder are
 * other processes. Needs `nats-server` on PATH.
 */
export async function busBench(options: BenchOptions): Promise<BenchReport> {
  const { rounds, roundMs, signal, progress } = options;
  await using server = await startBenchNats();
  await using stack = new AsyncDisposableStack();
  await responder(server.url, stack);
  const bus = stack.use(await openBus(server.url));
  const peer = await connect({ servers: server.url });
  stack.defer(() => peer.close());

  const rpc: number[] = [];
  const request: number[] = [];
  const events: number[] = [];
  await inLoop(() => ask(bus), roundMs / 4);
  await inLoop(() => askPeer(peer), roundMs / 4);
  await publishPaced(bus, roundMs / 4);
  for (let round = 1; round <= rounds; round += 1) {
    signal.throwIfAborted();
    progress(`bus: round ${round} of ${rounds}`);
    rpc.push(await inLoop(() => ask(bus), roundMs));
    request.push(await inLoop(() => askPeer(peer), roundMs));
    const idle = await pace(() => {}, roundMs);
    events.push((await publishPaced(bus, roundMs)) - idle);
  }
  const { dropped } = bus.events.pressure();
  return {
    suite: 'bus',
    rows: [
      {
        name: `rpc over NATS, ${CONCURRENT} at a time`,
        unit: 'µs CPU/op',
        ours: rpc,
        peer: { name: "the client's own request", samples: request },
        target: { ratio: 0.35 },
      },
      {
        name: `event published at ${EVENTS_PER_SECOND}/s`,
        unit: 'µs CPU/op',
        ours: events,
        target: { value: 3 },
      },
    ],
    notes: [
      `nats-server ${server.version}, Node ${process.versions.node}, one connection; server and responder in other processes`,
      'ours checks contracts and encodes JSON on the way out and in; so does the peer, without checks',
      `events: pacing itself is subtracted; ${dropped} dropped`,
    ],
  };
}

async function responder(url: string, stack: AsyncDisposableStack): Promise<void> {
  const file = fileURLToPath(new URL('./bus-responder.ts', import.meta.url));
  const child = spawn(process.execPath, [file, url], { stdio: ['ignore', 'pipe', 'inherit'] });
  stack.defer(() => ended(child));
  for await (const line of createInterface(child.stdout)) if (line === 'ready') return;
  throw new Error(`the responder must come up; it ended with ${child.exitCode}`);
}

function openBus(servers: string): Promise<Bus> {
  return openNatsBus({
    ...{ servers, service: 'bench', source: '/bench', instance: 'bench-1' },
    ...{ clock: systemClock, ids: randomIds(systemClock) },
  });
}

async function ask(bus: Bus): Promise<void> {
  const reply = await bus.rpc.request(benchRpc, QUESTION);
  if (reply.revoked !== ANSWER.revoked) throw new Error('the answer must be the responder’s');
}

async function askPeer(peer: NatsConnection): Promise<void> {
  const message = await peer.request(PEER_SUBJECT, JSON.stringify(QUESTION), { timeout: 5000 });
  if (message.json<typeof ANSWER>().revoked !== ANSWER.revoked) {
    throw new Error('the answer must be the responder’s');
  }
}

/** µs of CPU per operation, {@link CONCURRENT} at a time for `ms`. */
async function inLoop(operation: () => Promise<void>, ms: number): Promise<number> {
  const end = performance.now() + ms;
  let done = 0;
  const before = process.cpuUsage();
  await Promise.all(
    Array.from({ length: CONCURRENT }, async () => {
      while (performance.now() < end) {
        await operation();
        done += 1;
      }
    }),
  );
  return perOperation(before, done);
}

async function publishPaced(bus: Bus, ms: number): Promise<number> {
  const cost = await pace((n) => bus.events.publish(benchEvent, handshake(n)), ms);
  await bus.events.flush();
  return cost;
}

/** µs of CPU per call of `each`, called {@link EVENTS_PER_SECOND} times a second for `ms`. */
async function pace(each: (n: number) => void, ms: number): Promise<number> {
  const start = performance.now();
  const before = process.cpuUsage();
  let done = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setInterval(() => {
    const elapsed = performance.now() - start;
    const due = Math.floor((Math.min(elapsed, ms) * EVENTS_PER_SECOND) / 1000);
    for (; done < due; done += 1) each(done);
    if (elapsed >= ms) resolve();
  }, 1);
  await promise;
  clearInterval(timer);
  return perOperation(before, done);
}

function perOperation(before: NodeJS.CpuUsage, operations: number): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / Math.max(1, operations);
}
