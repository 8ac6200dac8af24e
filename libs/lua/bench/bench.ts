import { createEnvironment, type Environment } from '@sallyport/lua';
import { timed } from './clock.ts';
import { debianKernel, debianVersion } from './debian.ts';
import { KERNELS } from './kernels.ts';
import type { LuaBenchOptions, LuaBenchReport, LuaBenchRow } from './measurement.ts';
import { answer, EMPTY, opened } from './ours.ts';
import { fengari, forLater, type PeerKind, wasmoon } from './peers.ts';

/** Slowest that our kernels may be against lua5.1, as a geometric mean: 0.6 of its speed. */
const KERNEL_RATIO = 1 / 0.6;
const HOST_CALLS = 'function three() return host_a(1) + host_b(2) + host_c(3) end';

/**
 * Measures this engine beside Debian's lua5.1, wasmoon and fengari: what isn't installed is left out and named in the notes.
 * The variants take turns within each round, so that what else the machine does hits all of them.
 */
export async function luaBench(options: LuaBenchOptions): Promise<LuaBenchReport> {
  const notes = [`node ${process.version}, times are CPU of the process`];
  const peers: PeerKind[] = [];
  for (const [name, find] of Object.entries({ wasmoon, fengari })) {
    const peer = await find();
    if (peer === undefined) notes.push(`${name} is not installed: left out`);
    else peers.push(peer);
  }
  const debian = await debianVersion();
  notes.push(debian ?? 'lua5.1 is not on PATH: left out');
  const rows = [
    ...(await kernels(options, peers, debian !== undefined)),
    ...(await environments(options, peers)),
    ...(await hostCalls(options, peers)),
    await concurrent(options),
  ];
  return { suite: 'lua', rows, notes };
}

async function kernels(
  options: LuaBenchOptions,
  peers: readonly PeerKind[],
  debian: boolean,
): Promise<LuaBenchRow[]> {
  const { rounds, roundMs, signal } = options;
  const rows: LuaBenchRow[] = [];
  const means = {
    ours: new Array<number>(rounds).fill(1),
    debian: new Array<number>(rounds).fill(1),
  };
  for (const kernel of KERNELS) {
    options.progress(`kernel ${kernel.name}`);
    const environment = await opened(kernel.source);
    const expected = await answer(environment, 'kernel');
    const call = () => answer(environment, 'kernel');
    const opponents = await Promise.all(
      peers.map(async (kind) => ({ kind, peer: await kind.open(forLater(kernel)) })),
    );
    for (const { kind, peer } of opponents)
      check(kind.name, kernel.name, expected, peer.call('kernel'));
    const samples = new Map<string, number[]>();
    const note = (name: string, ms: number) =>
      samples.set(name, [...(samples.get(name) ?? []), ms]);
    await timed(roundMs, signal, call);
    for (let round = 0; round < rounds; round++) {
      note('ours', await timed(roundMs, signal, call));
      if (debian) {
        const measured = await debianKernel(kernel, roundMs, signal);
        check('lua5.1', kernel.name, expected, measured.check);
        note('lua5.1', measured.ms);
      }
      for (const { kind, peer } of opponents) {
        note(kind.name, await timed(roundMs, signal, () => peer.call('kernel')));
      }
    }
    for (const { peer } of opponents) peer.close();
    const ours = samples.get('ours') ?? [];
    for (const [name, peer] of samples) {
      if (name === 'ours') continue;
      rows.push({ name: kernel.name, unit: 'ms', ours, peer: { name, samples: peer } });
    }
    const theirs = samples.get('lua5.1') ?? [];
    for (let round = 0; round < rounds; round++) {
      means.ours[round] = (means.ours[round] ?? 1) * (ours[round] ?? 1) ** (1 / KERNELS.length);
      means.debian[round] =
        (means.debian[round] ?? 1) * (theirs[round] ?? 1) ** (1 / KERNELS.length);
    }
  }
  if (debian) {
    rows.push({
      name: 'kernels, geometric mean',
      unit: 'ms',
      ours: means.ours,
      peer: { name: 'lua5.1', samples: means.debian },
      target: { ratio: KERNEL_RATIO },
    });
  }
  return rows;
}

function check(engine: string, kernel: string, expected: unknown, actual: unknown): void {
  if (expected !== actual) {
    throw new Error(`${engine} computes ${String(actual)} in ${kernel}, ours ${String(expected)}`);
  }
}

/** A new environment that runs an empty chunk, beside a new state of the others. */
async function environments(
  options: LuaBenchOptions,
  peers: readonly PeerKind[],
): Promise<LuaBenchRow[]> {
  options.progress('new environments');
  const fresh = async () => {
    const environment = createEnvironment();
    await environment.call(environment.load(EMPTY));
  };
  return compared(
    options,
    'new environment',
    1000,
    { value: 30 },
    fresh,
    peers,
    (kind) => async () => {
      (await kind.open('return 1')).close();
    },
  );
}

/** One call from the host of a function that calls the host three times. */
async function hostCalls(
  options: LuaBenchOptions,
  peers: readonly PeerKind[],
): Promise<LuaBenchRow[]> {
  options.progress('host calls');
  const environment: Environment = await opened(HOST_CALLS);
  const three = environment.globals.get('three');
  const states = new Map(
    await Promise.all(peers.map(async (kind) => [kind, await kind.open(HOST_CALLS)] as const)),
  );
  const rows = await compared(
    options,
    'three host calls',
    1000,
    { value: 3 },
    () => environment.call(three),
    peers,
    (kind) => () => states.get(kind)?.call('three'),
  );
  for (const state of states.values()) state.close();
  // Promised against wasmoon too: a fifth of its time.
  return rows.flatMap((row) =>
    row.peer?.name === 'wasmoon' ? [{ ...row, target: { ratio: 0.2 } }] : [row],
  );
}

async function compared(
  { rounds, roundMs, signal }: LuaBenchOptions,
  name: string,
  scale: number,
  target: { readonly value: number },
  ours: () => unknown,
  peers: readonly PeerKind[],
  theirs: (kind: PeerKind) => () => unknown,
): Promise<LuaBenchRow[]> {
  const mine: number[] = [];
  const others = peers.map((kind) => ({ kind, work: theirs(kind), samples: [] as number[] }));
  await timed(roundMs, signal, ours);
  for (let round = 0; round < rounds; round++) {
    mine.push(scale * (await timed(roundMs, signal, ours)));
    for (const { work, samples } of others) {
      samples.push(scale * (await timed(roundMs, signal, work)));
    }
  }
  return [
    { name, unit: 'µs', ours: mine, target },
    ...others.map(({ kind, samples }) => ({
      name,
      unit: 'µs',
      ours: mine,
      peer: { name: kind.name, samples },
    })),
  ];
}

/** 1,000 scripts at once, each with three host calls that wait. wasmoon hangs at 50 of them; the others can't wait. */
async function concurrent(options: LuaBenchOptions): Promise<LuaBenchRow> {
  options.progress('1,000 scripts at once');
  const environment = await opened('function script() return wait(1) + wait(2) + wait(3) end');
  const script = environment.globals.get('script');
  const all = async () => {
    const calls = Array.from({ length: 1000 }, () => environment.call(script));
    for (const call of calls) {
      const [sum] = await call;
      check('ours', 'concurrent', 9, sum);
    }
  };
  const ours: number[] = [];
  await timed(options.roundMs, options.signal, all);
  for (let round = 0; round < options.rounds; round++) {
    ours.push(await timed(options.roundMs, options.signal, all));
  }
  return { name: '1,000 scripts × 3 awaited calls', unit: 'ms', ours, target: { value: 15 } };
}
