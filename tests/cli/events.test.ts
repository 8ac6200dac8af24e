import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Bus } from '@sallyport/bus';
import { dropNoticeWriter, encodeBatch, eventWriter, handshakeFailed } from '@sallyport/contracts';
import test from 'ava';
import { writeOperatorFile } from '../../infra/cli/src/client/operator-file.ts';
import { embeddedWorld, startControl } from '../control/control-world.ts';
import { tempDir } from '../world/program.ts';
import { until } from '../world/until.ts';
import { begin, sallyport } from './run.ts';

const bin = new URL('../../infra/cli/bin/sallyport.js', import.meta.url).pathname;

const origin = { source: '/edge/1', instance: 'edge-1', epoch: 'first' };
const writer = eventWriter(handshakeFailed, origin);
const failed = (connection: string) => ({
  ...{ connection, client: { address: '192.0.2.7' }, reason: 'timeout', durationMs: 5 },
});
const event = (seq: number, time = Date.now()) =>
  writer.write({ id: `e${seq}`, time, seq, data: failed(`c${seq}`) });
const dropped = (from: number, to: number) =>
  dropNoticeWriter(
    handshakeFailed.eventType,
    origin,
  )({
    ...{ id: `d${to}`, time: Date.now(), from, to, reason: 'pressure' },
  });
let batches = 0;
/** One message in the stream, with the sequence numbers of our choice. */
async function send(bus: Bus, ...events: string[]) {
  batches += 1;
  await bus.outgoing.deliver({
    ...{ id: `batch-${batches}`, subject: handshakeFailed.subject, body: encodeBatch(events) },
    headers: { 'content-type': 'application/cloudevents-batch+json' },
  });
}

async function openWorld() {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await embeddedWorld());
  const bus = await world.connect();
  const { deadLetters, events, feeds, outgoing, rpc } = await world.connect();
  let tails = 0;
  const counted: Bus['events'] = {
    ...events,
    subscribe: async (...args: Parameters<Bus['events']['subscribe']>) => {
      const subscription = await events.subscribe(...args);
      tails += 1;
      return subscription;
    },
  };
  const seen = { deadLetters, events: counted, feeds, outgoing, rpc };
  const instance = stack.use(await startControl({ space: world.space, bus: seen }));
  const url = instance.control.url as string;
  const at = ['--url', url, '--token', ''] as const;
  const owned = stack.move();
  return {
    ...{ bus, url, at, instance },
    /** Tails that were opened so far. */
    tails: () => tails,
    /** Another control on the same port. */
    again: async () =>
      owned.use(
        await startControl(
          { space: world.space, bus: await world.connect() },
          { port: Number(new URL(url).port) },
        ),
      ),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const connections = (text: string) =>
  [...text.matchAll(/connection=(\S+)/g)].map(([, name]) => name);

test('events tail shows a line for each event as it happens, until it is stopped', async (t) => {
  await using world = await openWorld();
  const tail = begin('events tail', '--from', 'all', ...world.at);
  await send(world.bus, event(1));
  await until(() => tail.printed.out.includes('connection=c1'));
  await send(world.bus, event(2), dropped(3, 9));
  await until(() => tail.printed.out.includes('dropped on purpose: 7 of tls.handshake-failed'));
  t.is(await tail.stop(), 0);
  t.is(tail.printed.out.split('\n').length, 4);
  t.regex(
    tail.printed.out,
    /^\d\d:\d\d:\d\d\.\d{3} {2}edge-1 {2}tls\.handshake-failed {2}connection=c1 client\.address=192\.0\.2\.7 reason=timeout durationMs=5 {2}#1\n/,
  );
  t.is(tail.printed.err, '');
});

test('events tail --json gives each event as it was, one a line', async (t) => {
  await using world = await openWorld();
  await send(world.bus, event(1), event(2));
  const tail = begin('events tail', '--from', 'all', '--json', '--type', 'tls.*', ...world.at);
  await until(() => tail.printed.out.split('\n').length === 3);
  await tail.stop();
  const [first] = tail.printed.out.split('\n');
  const sent = JSON.parse(event(1)) as object;
  t.like(JSON.parse(first as string), { ...sent, time: JSON.parse(first as string).time });
});

test('when control goes away and comes back, the tail goes on where it was: nothing twice, nothing missing', async (t) => {
  await using world = await openWorld();
  const tail = begin('events tail', ...world.at);
  const check = begin('events verify', ...world.at);
  let seq = 0;
  const more = async (count: number) => {
    for (let i = 0; i < count; i += 1) {
      seq += 2;
      await send(world.bus, event(seq - 1), event(seq));
    }
  };
  await until(async () => {
    // Both listen once they show something.
    await more(1);
    return tail.printed.out !== '';
  });
  const first = Number(connections(tail.printed.out)[0]?.slice(1));
  await more(5);
  await world.instance[Symbol.asyncDispose]();
  await until(() => /connection lost, coming again: control is stopping/.test(tail.printed.err));
  await more(5);
  await using _ = await world.again();
  await until(() => tail.printed.out.includes(`connection=c${seq} `), 'what happened meanwhile');
  await more(2);
  await until(() => tail.printed.out.includes(`connection=c${seq} `));
  await tail.stop();
  t.deepEqual(
    connections(tail.printed.out),
    Array.from({ length: seq - first + 1 }, (_, i) => `c${first + i}`),
  );
  t.is(await check.stop(), 0);
  t.regex(
    check.printed.out,
    /^\d+ events in 1 lanes: 0 lost, 0 dropped on purpose, 0 duplicates\n$/,
  );
});

test('a tail that was opened before anything happened misses nothing of a time without control', async (t) => {
  await using world = await openWorld();
  const tail = begin('events tail', ...world.at);
  await until(() => world.tails() === 1);
  await world.instance[Symbol.asyncDispose]();
  await until(() => /lost/.test(tail.printed.err), 'the loss is told');
  await send(world.bus, event(1), event(2));
  await using _ = await world.again();
  await until(() => connections(tail.printed.out).length === 2);
  await tail.stop();
  t.deepEqual(connections(tail.printed.out), ['c1', 'c2']);
});

test('events verify --once counts what there is, and is content when every gap was on purpose', async (t) => {
  await using world = await openWorld();
  await send(world.bus, event(1), dropped(2, 90), event(91));
  await send(world.bus, event(92), event(91));
  const { code, out } = await sallyport('events', 'verify', '--once', ...world.at);
  t.is(code, 0);
  t.is(
    out,
    'dropped on purpose (pressure): evt.tls.handshake-failed.v1 of edge-1, epoch first, seq 2 to 90\n' +
      '4 events in 1 lanes: 0 lost, 89 dropped on purpose, 1 duplicates\n',
  );
});

test('events verify --once tells every loss and ends with 1', async (t) => {
  await using world = await openWorld();
  await send(world.bus, event(1), event(4));
  await send(world.bus, event(9));
  const { code, out } = await sallyport('events', 'verify', '--once', ...world.at);
  t.is(code, 1);
  t.regex(
    out,
    /^LOST: evt\.tls\.handshake-failed\.v1 of edge-1, epoch first, seq 2 to 3\nLOST: .* 5 to 8\n3 events in 1 lanes: 6 lost/,
  );
  const json = await sallyport('events', 'verify', '--once', '--json', ...world.at);
  t.is(json.code, 1);
  const lines = json.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.like(lines[0], { gap: { from: 2, to: 3, lane: 'evt.tls.handshake-failed.v1' } });
  t.deepEqual(lines[2], { events: 3, duplicates: 0, droppedOnPurpose: 0, lost: 6, lanes: 1 });
});

test('events verify --once ends although events keep coming', async (t) => {
  await using world = await openWorld();
  let seq = 0;
  let sending = true;
  const load = (async () => {
    while (sending) {
      seq += 1;
      await send(world.bus, event(seq));
    }
  })();
  const { code, out } = await sallyport('events', 'verify', '--once', ...world.at);
  sending = false;
  await load;
  t.is(code, 0, out);
  t.regex(out, /0 lost/);
});

test('events verify waits for what may only be late, and ends with 1 at the first loss', async (t) => {
  await using world = await openWorld();
  const check = begin('events verify', '--from', 'all', ...world.at);
  await send(world.bus, event(1), event(3));
  await send(world.bus, event(2), event(5));
  const began = performance.now();
  const code = await check.code;
  t.is(code, 1);
  t.true(performance.now() - began > 9000, 'ten seconds of grace');
  t.regex(check.printed.out, /^LOST: .* seq 4 to 4\n4 events in 1 lanes: 1 lost/);
});

test('from a shell: found by the data directory, stopped by SIGINT with 0, no complaint when the reader leaves, and the end when all is checked', async (t) => {
  await using world = await openWorld();
  await using dir = await tempDir();
  await writeOperatorFile(dir.path, { url: world.url });
  const env = { ...process.env, SALLYPORT_DATA: dir.path };
  await send(world.bus, event(1), event(2));
  const start = (command: string) => {
    const child = spawn('sh', ['-c', command], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const seen = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => {
      seen.out += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      seen.err += chunk.toString();
    });
    return { child, seen, ended: once(child, 'close') };
  };
  const node = process.execPath;
  const tail = start(`exec ${node} ${bin} events tail --from all`);
  await until(() => connections(tail.seen.out).length === 2);
  tail.child.kill('SIGINT');
  t.deepEqual(await tail.ended, [0, null]);
  t.is(tail.seen.err, '');
  const head = start(`${node} ${bin} events tail --from all | head -n 1; echo left`);
  await until(() => /connection=c1/.test(head.seen.out));
  await send(world.bus, event(3));
  await send(world.bus, event(4));
  await head.ended;
  t.regex(head.seen.out, /left\n$/);
  t.is(head.seen.err, '');
  const check = start(`exec ${node} ${bin} events verify --once`);
  t.deepEqual(await check.ended, [0, null], 'though its stream would go on');
  t.regex(check.seen.out, /^4 events in 1 lanes: 0 lost/);
});
