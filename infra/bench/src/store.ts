import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock } from '@sallyport/runtime';
import type { Key, Space } from '@sallyport/store';
import { openRedisStore } from '@sallyport/store/redis';
import { openSqliteStore } from '@sallyport/store/sqlite';
import { Redis } from 'ioredis';
import { startBenchRedis } from './redis-server.ts';
import { type BenchOptions, type BenchReport, type BenchRow, median } from './report.ts';

/** Reads on their way at a time: what an edge under load has. */
const CONCURRENT = 64;
const COMMITS_PER_SECOND = 1_000;
/** Bytes of a stored session, about. */
const VALUE = randomBytes(300);
const KEYS: readonly Key[] = [
  ['subject', 'session'],
  ['subject', 'epoch'],
];

/**
 * The two adapters of the store. Redis: CPU of this process for a read of two keys, beside the bare client's `mget`.
 * SQLite: how long the event loop stands still while commits come at a steady rate, beside one that only keeps the
 * rate. Needs `redis-server` on PATH.
 */
export async function storeBench(options: BenchOptions): Promise<BenchReport> {
  const redis = await redisRows(options);
  const sqlite = await sqliteRows(options);
  return {
    suite: 'store',
    rows: [...redis.rows, ...sqlite.rows],
    notes: [...redis.notes, ...sqlite.notes],
  };
}

interface Part {
  readonly rows: readonly BenchRow[];
  readonly notes: readonly string[];
}

async function redisRows({ rounds, roundMs, signal, progress }: BenchOptions): Promise<Part> {
  await using server = await startBenchRedis();
  const address = { host: '127.0.0.1', port: server.port };
  await using store = await openRedisStore({ mode: 'single', prefix: 'bench', ...address });
  await using stack = new AsyncDisposableStack();
  const bare = new Redis(address);
  stack.defer(() => bare.disconnect());
  const space = store.space('sessions');
  await fill(space);
  await bare.mset('{subject}session', VALUE, '{subject}epoch', VALUE);

  const get = async () => {
    const found = await space.get(KEYS);
    if (found[1]?.value.byteLength !== VALUE.byteLength) throw new Error('both keys must be there');
  };
  const mget = async () => {
    const found = await bare.mgetBuffer('{subject}session', '{subject}epoch');
    if (found[1]?.byteLength !== VALUE.byteLength) throw new Error('both keys must be there');
  };
  const ours: number[] = [];
  const samples: number[] = [];
  await cpuPerOperation(get, roundMs / 2);
  await cpuPerOperation(mget, roundMs / 2);
  for (let round = 1; round <= rounds; round += 1) {
    signal.throwIfAborted();
    progress(`store over Redis: round ${round} of ${rounds}`);
    ours.push(await cpuPerOperation(get, roundMs));
    samples.push(await cpuPerOperation(mget, roundMs));
  }
  return {
    rows: [
      {
        name: `Redis get of two keys, ${CONCURRENT} at a time`,
        unit: 'µs CPU/op',
        ours,
        peer: { name: 'bare ioredis mget', samples },
        target: { ratio: 1.3 },
      },
    ],
    notes: [
      `redis-server ${server.version}, one connection; values of ${VALUE.byteLength} bytes; ours answers their formats and versions too`,
    ],
  };
}

async function sqliteRows({ rounds, roundMs, signal, progress }: BenchOptions): Promise<Part> {
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'sallyport-bench-'));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, 'store.db');
  const store = stack.use(await openSqliteStore({ path, clock: systemClock }));
  const space = store.space('sessions');
  await fill(space);

  const latencies: number[] = [];
  const commit = async (n: number) => {
    const start = performance.now();
    const key: Key = [`p${n % 100}`, String(n)];
    const result = await space.commit({
      check: [{ key, version: undefined }],
      put: [{ key, value: VALUE, format: 1, ttlMs: 60_000 }],
      index: [{ index: [key[0], 'all'], add: key[1], score: n, ttlMs: 60_000 }],
      count: [{ key: [key[0], 'n'], add: 1 }],
    });
    if (!result.ok) throw new Error('nobody else writes here');
    latencies.push(performance.now() - start);
  };
  let number = 0;
  const next = () => {
    number += 1;
    return commit(number);
  };
  const stalls: number[] = [];
  const bursts: number[] = [];
  const waits: number[] = [];
  const idle: Standstill[] = [];
  await underPace(next, roundMs / 2);
  for (let round = 1; round <= rounds; round += 1) {
    signal.throwIfAborted();
    progress(`store over SQLite: round ${round} of ${rounds}`);
    latencies.length = 0;
    const { stall, burst } = await underPace(next, roundMs);
    stalls.push(stall);
    bursts.push(burst);
    waits.push(median(latencies));
    idle.push(await underPace(async () => {}, roundMs));
  }
  const peer = 'the same pace without a store';
  return {
    rows: [
      {
        name: `SQLite: longest stall of the event loop at ${COMMITS_PER_SECOND} commits/s`,
        unit: 'ms',
        ours: stalls,
        peer: { name: peer, samples: idle.map(({ stall }) => stall) },
        target: { value: 5 },
      },
      {
        name: 'SQLite: most CPU of the main thread between two ticks, at that rate',
        unit: 'ms',
        ours: bursts,
        peer: { name: peer, samples: idle.map(({ burst }) => burst) },
        target: { value: 5 },
      },
      { name: 'SQLite: commit until it is on disk, at that rate', unit: 'ms', ours: waits },
    ],
    notes: [
      'stall: the longest in each round, by monitorEventLoopDelay, less its resolution of 1 ms; includes what the machine gave to others',
      'CPU between two ticks: the same without what the machine gave to others; the largest in each round',
      'a commit: a check, an entry with expiry, a line of an index and a counter; synchronous=FULL',
    ],
  };
}

async function fill(space: Space): Promise<void> {
  await space.commit({ put: KEYS.map((key) => ({ key, value: VALUE, format: 1 })) });
}

/** µs of CPU per operation, {@link CONCURRENT} at a time for `ms`. */
async function cpuPerOperation(operation: () => Promise<void>, ms: number): Promise<number> {
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
  const { user, system } = process.cpuUsage(before);
  return (user + system) / Math.max(1, done);
}

/** How long the event loop stood still at the worst, milliseconds. */
interface Standstill {
  readonly stall: number;
  /** CPU time of this thread from one tick to the next. */
  readonly burst: number;
}

/** Calls `each` at the rate for `ms` and waits for what it began. */
async function underPace(each: () => Promise<void>, ms: number): Promise<Standstill> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  const calls: Promise<void>[] = [];
  const start = performance.now();
  let burst = 0;
  let before = process.threadCpuUsage();
  histogram.enable();
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setInterval(() => {
    const { user, system } = process.threadCpuUsage(before);
    before = process.threadCpuUsage();
    burst = Math.max(burst, (user + system) / 1_000);
    const elapsed = performance.now() - start;
    const due = Math.floor((Math.min(elapsed, ms) * COMMITS_PER_SECOND) / 1_000);
    while (calls.length < due) calls.push(each());
    if (elapsed >= ms) resolve();
  }, 1);
  await promise;
  clearInterval(timer);
  await Promise.all(calls);
  histogram.disable();
  return { stall: Math.max(0, histogram.max / 1e6 - 1), burst };
}
