import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { Bus } from '@sallyport/bus';
import { openNatsBus } from '@sallyport/bus/nats';
import { randomIds, systemClock } from '@sallyport/runtime';
import {
  ANSWER,
  benchEvent,
  benchRpc,
  handshake,
  PEER_EVENTS,
  PEER_SUBJECT,
  QUESTION,
} from './bus-messages.ts';
import { cpuPerOperation, paced } from './bus-pace.ts';
import { ended, startBenchNats } from './nats-server.ts';
import type { BenchOptions, BenchReport } from './report.ts';

/** Requests on their way at a time: what an edge under load has. */
const CONCURRENT = 64;
const EVENTS_PER_SECOND = 20_000;
/** The compiler's own threads count too, and services run for days: it shall be done before anything is counted. */
const WARM_UP_MS = 2000;

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

  const warmUpMs = Math.max(roundMs, WARM_UP_MS);
  const rpc: number[] = [];
  const request: number[] = [];
  const events: number[] = [];
  const each: number[] = [];
  const joined: number[] = [];
  await inLoop(() => ask(bus), warmUpMs);
  await inLoop(() => askPeer(peer), warmUpMs);
  await publishPaced(bus, warmUpMs);
  for (let round = 1; round <= rounds; round += 1) {
    signal.throwIfAborted();
    progress(`bus: round ${round} of ${rounds}`);
    rpc.push(await inLoop(() => ask(bus), roundMs));
    request.push(await inLoop(() => askPeer(peer), roundMs));
    const idle = await paced(EVENTS_PER_SECOND, roundMs, handshake);
    events.push((await publishPaced(bus, roundMs)) - idle);
    each.push((await eachByPeer(peer, roundMs)) - idle);
    joined.push((await joinedByPeer(peer, roundMs)) - idle);
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
        peer: { name: 'the bare client, a message each', samples: each },
        target: { value: 3 },
      },
      {
        name: 'the same, all together',
        unit: 'µs CPU/op',
        ours: events,
        peer: { name: 'the bare client, a message per ms', samples: joined },
      },
    ],
    notes: [
      `nats-server ${server.version}, Node ${process.versions.node}, one connection; server and responder in other processes`,
      'ours checks contracts and encodes JSON on the way out and in; so does the peer, without checks',
      `events come in a burst per millisecond; a loop that only makes their data is subtracted; ${dropped} dropped`,
      'the bare client serialises the same data and nothing else: no contract, envelope, stream or confirmation',
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
  return cpuPerOperation(before, done);
}

async function publishPaced(bus: Bus, ms: number): Promise<number> {
  const cost = await paced(EVENTS_PER_SECOND, ms, (n) => {
    bus.events.publish(benchEvent, handshake(n));
  });
  await bus.events.flush();
  return cost;
}

async function eachByPeer(peer: NatsConnection, ms: number): Promise<number> {
  const cost = await paced(EVENTS_PER_SECOND, ms, (n) => {
    peer.publish(PEER_EVENTS, JSON.stringify(handshake(n)));
  });
  await peer.flush();
  return cost;
}

async function joinedByPeer(peer: NatsConnection, ms: number): Promise<number> {
  let texts: string[] = [];
  const cost = await paced(
    EVENTS_PER_SECOND,
    ms,
    (n) => texts.push(JSON.stringify(handshake(n))),
    () => {
      if (texts.length > 0) peer.publish(PEER_EVENTS, `[${texts.join(',')}]`);
      texts = [];
    },
  );
  await peer.flush();
  return cost;
}
