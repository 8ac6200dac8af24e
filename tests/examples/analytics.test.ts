import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bus } from '@sallyport/bus';
import { openNatsBus, openNatsTopology } from '@sallyport/bus/nats';
import {
  authDecided,
  dropNoticeWriter,
  encodeBatch,
  eventWriter,
  handshakeCompleted,
  handshakeFailed,
} from '@sallyport/contracts';
import { randomIds, systemClock } from '@sallyport/runtime';
import { connectAs, type GuardedNats, password, startGuardedNats } from '../infra/nats-cluster.ts';
import { testWith } from '../world/needs.ts';
import { type Program, startProgram } from '../world/program.ts';
import { until } from '../world/until.ts';

const ids = randomIds(systemClock);
const dir = new URL('../../infra/examples/analytics', import.meta.url).pathname;
const program = join(dir, 'subscriber.py');

const test = testWith('nats-server', 'python3');

const python3Env = (NATS_PASSWORD: string) => ({
  ...{ ...process.env, NATS_PASSWORD, PYTHONDONTWRITEBYTECODE: '1' },
});

const client = { address: '192.0.2.7' };
const handshake = (n: number, resumed = false) => ({
  ...{ connection: `c${n}`, handshake: `h${n}`, client, serverName: 'shop.example' },
  ...{ protocol: 'TLSv1.3', resumed, durationMs: 2.5 },
});
const decision = (n: number, verdict: 'accept' | 'reject') => ({
  ...{ decision: `d${n}`, login: 'ada', door: 'edge', client, verdict },
  ...{ reason: 'password', stages: [], durationMs: 1 },
});

interface World extends AsyncDisposable {
  readonly nats: GuardedNats;
  connect(service: 'edge' | 'auth'): Promise<Bus>;
  /** Starts the subscriber; resolves once it listens. */
  subscribe(...words: string[]): Promise<Program>;
}

async function openWorld(): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const nats = stack.use(await startGuardedNats());
  const { url } = nats.server;
  // Streams are the operator's to make.
  await using topology = await openNatsTopology({
    ...{ servers: url, service: 'operator', clock: systemClock },
    auth: { user: 'operator', password: password('operator') },
  });
  await topology.apply();
  const owned = stack.move();
  return {
    nats,
    async connect(service) {
      const bus = await openNatsBus({
        ...{ servers: url, service, streams: 'check' },
        auth: { user: service, password: password(service) },
        ...{ source: `/${service}`, instance: `${service}-1`, clock: systemClock, ids },
      });
      return owned.use(bus);
    },
    async subscribe(...words) {
      const env = python3Env(password('analyst'));
      const args = [program, '--nats', url, '--user', 'analyst', '--json', ...words];
      const python = owned.use(startProgram('python3', args, { env }));
      await until(
        () => /listening to/.test(python.output()) || python.child.exitCode !== null,
        `the subscriber listens: ${python.output()}`,
      );
      return python;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** How it ended, and the last summary it printed. */
/** What it printed may come after the news of its end. */
function allRead({ child }: Program): boolean {
  return child.stdout?.readableEnded === true && child.stderr?.readableEnded === true;
}

async function ended(python: Program) {
  await until(
    () => python.child.exitCode !== null && allRead(python),
    'the subscriber ends',
    20_000,
  );
  const lines = python.output().trim().split('\n');
  const last = lines.findLast((line) => line.startsWith('{'));
  return {
    code: python.child.exitCode,
    summary: JSON.parse(last ?? 'null'),
    output: python.output(),
  };
}

test('handshakes and decisions of the real publishers arrive, are counted, and none is missing', async (t) => {
  await using world = await openWorld();
  const python = await world.subscribe('--count', '1012', '--seconds', '20');
  const [edge, auth] = [await world.connect('edge'), await world.connect('auth')];
  for (let i = 0; i < 1000; i += 1) {
    edge.events.publish(handshakeCompleted, handshake(i, i % 2 === 1));
  }
  edge.events.publish(handshakeFailed, {
    ...{ connection: 'x', client, reason: 'timeout', durationMs: 9 },
  });
  await edge.events.flush();
  for (let i = 0; i < 11; i += 1) {
    await auth.events.record(authDecided, decision(i, i < 8 ? 'accept' : 'reject'));
  }
  const { code, summary, output } = await ended(python);
  t.is(code, 0, output);
  t.like(summary, {
    ...{ events: 1012, lanes: 3, duplicates: 0, droppedOnPurpose: 0 },
    handshakes: { 'TLSv1.3': 500, 'TLSv1.3 resumed': 500 },
    verdicts: { accept: 8, reject: 3 },
  });
  t.deepEqual([summary.gaps, summary.faults], [[], []]);
});

/** Puts a message on the subject of handshakes as an edge could, with the sequence numbers of our choice. */
async function sendRaw(world: World, body: string | Uint8Array) {
  const nc = await connectAs(world.nats.server, 'edge');
  nc.publish(`sallyport.${handshakeCompleted.subject}`, body);
  await nc.flush();
  await nc.close();
}

const origin = { source: '/edge/e', instance: 'e', epoch: 'first' };
const writer = eventWriter(handshakeCompleted, origin);
const event = (seq: number) =>
  writer.write({ id: `e${seq}`, time: Date.UTC(2026, 10, 22), seq, data: handshake(seq) });

test('a gap is noticed, named and makes it fail', async (t) => {
  await using world = await openWorld();
  const python = await world.subscribe('--count', '4', '--seconds', '20');
  await sendRaw(world, encodeBatch([event(1), event(2)]));
  await sendRaw(world, encodeBatch([event(5), event(6)]));
  const { code, summary } = await ended(python);
  t.is(code, 1);
  t.deepEqual(summary.gaps, [
    {
      ...{ instance: 'e', epoch: 'first', from: 3, to: 4 },
      subject: `sallyport.${handshakeCompleted.subject}`,
    },
  ]);
});

test('what was dropped on purpose is no gap, and neither are events that come late or twice', async (t) => {
  await using world = await openWorld();
  const python = await world.subscribe('--count', '6', '--seconds', '20');
  const notice = dropNoticeWriter(handshakeCompleted.eventType, origin);
  const dropped = notice({ id: 'n', time: Date.now(), from: 2, to: 90, reason: 'pressure' });
  await sendRaw(world, encodeBatch([event(1), dropped, event(91)]));
  await sendRaw(world, encodeBatch([event(93)]));
  await sendRaw(world, encodeBatch([event(92), event(93)]));
  await sendRaw(world, encodeBatch([event(94)]));
  const { code, summary, output } = await ended(python);
  t.is(code, 0, output);
  t.like(summary, { events: 6, droppedOnPurpose: 89, duplicates: 1, gaps: [] });
});

for (const [what, body, fault] of [
  ['no JSON', '[{', /Expecting/],
  [
    'an event without what the document requires',
    '[{"type":"sallyport.tls.handshake-completed.v1"}]',
    /event\.specversion is missing/,
  ],
  [
    'data that lacks a field',
    `[${event(1).replace('"connection":"c1",', '')}]`,
    /event\.data\.connection is missing/,
  ],
  [
    'an event of another subject',
    `[${event(1).replace('completed', 'failed')}]`,
    /none of this subject/,
  ],
] as const) {
  test(`a message that isn't as the document says is told and makes it fail: ${what}`, async (t) => {
    await using world = await openWorld();
    const python = await world.subscribe('--count', '1', '--seconds', '20');
    await sendRaw(world, body);
    await sendRaw(world, encodeBatch([event(1)]));
    const { code, summary } = await ended(python);
    t.is(code, 1);
    t.regex(summary.faults[0], fault);
  });
}

test('a wrong password, and no broker at all, are said in a line', async (t) => {
  await using world = await openWorld();
  const env = python3Env('wrong');
  const { url } = world.nats.server;
  for (const [server, complaint] of [
    [url, /Authorization Violation/],
    ['nats://127.0.0.1:1', /refused/],
  ] as const) {
    await using python = startProgram('python3', [program, '--nats', server, '--user', 'analyst'], {
      env,
    });
    await until(() => python.child.exitCode !== null && allRead(python));
    t.is(python.child.exitCode, 69);
    t.regex(python.output(), complaint);
    t.is(python.output().trim().split('\n').length, 1);
  }
});

test('it names no subject itself, but reads them from the document, and takes nothing but the standard library', async (t) => {
  const files = (await readdir(dir)).filter((name) => name.endsWith('.py'));
  const source = (await Promise.all(files.map((name) => readFile(join(dir, name), 'utf8')))).join(
    '\n',
  );
  t.false(/sallyport\.evt|evt\.tls\.|handshake-completed|auth\.decided\.v/.test(source));
  const imports = [...source.matchAll(/^(?:import|from) (\S+)/gm)].map(([, name]) => name);
  const own = files.map((name) => name.slice(0, -3));
  const standard = ['argparse', 'collections', 'json', 'os', 'pathlib', 'socket', 'sys', 'time'];
  t.deepEqual(
    [...new Set(imports)].filter(
      (name) => ![...own, ...standard, 'urllib.parse'].includes(name ?? ''),
    ),
    [],
  );
});
