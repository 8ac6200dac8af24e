import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, nkeys } from '@nats-io/transport-node';
import { type BusFault, BusUnavailableError } from '@sallyport/bus';
import {
  BusCredentialsError,
  BusListenerError,
  BusPermissionError,
  BusProtocolError,
  type NatsOptions,
  openNatsBroker,
  openNatsBus,
  StreamMismatchError,
} from '@sallyport/bus/nats';
import { randomIds, systemClock } from '@sallyport/runtime';
import { type NatsServer, startNats } from '../world/nats.ts';
import { testWith } from '../world/needs.ts';
import { startProgram, tempDir } from '../world/program.ts';
import { until } from '../world/until.ts';
import { chore, noted, numbers, twice } from './trial-contracts.ts';

const test = testWith('nats-server');
const ids = randomIds(systemClock);
const utf8 = new TextEncoder();
const message = (text: string) => ({ headers: {}, body: utf8.encode(text) });

const natsOptions = (server: NatsServer) => ({
  ...{ servers: server.url, service: 'trial', clock: systemClock },
});
const busOptions = (server: NatsServer) => ({
  ...natsOptions(server),
  ...{ source: '/trial', instance: 'trial-1', ids },
});

/** A server with a configuration of its own, which can be written anew before a restart. */
async function startConfigured(text: string) {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await tempDir());
  const configFile = join(dir.path, 'nats.conf');
  const configure = (next: string) => writeFile(configFile, next);
  await configure(text);
  const server = stack.use(await startNats({ configFile }));
  const owned = stack.move();
  return { server, configure, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Stops the server's process: what is sent to it is taken by the kernel, and nothing comes back. */
async function freeze({ program }: NatsServer): Promise<void> {
  program.child.kill('SIGSTOP');
  await until(async () => (await readFile(`/proc/${program.pid}/stat`, 'utf8')).includes(') T '));
}

/** Counts what passes through the server, by the first token that follows the prefix. */
async function tap(server: NatsServer) {
  const nc = await connect({ servers: server.url });
  const seen: string[] = [];
  nc.subscribe('>', { callback: (_error, { subject }) => void seen.push(subject) });
  await nc.flush();
  return { nc, seen, [Symbol.asyncDispose]: () => nc.close() };
}

test('an rpc is one message to the responder and one back, a burst of facts is a few', async (t) => {
  await using server = await startNats();
  await using bus = await openNatsBus(busOptions(server));
  await using asker = await openNatsBus({ ...busOptions(server), service: 'asker' });
  await bus.rpc.respond(twice, {}, ({ n }) => ({ n: 2 * n }));
  await using wire = await tap(server);
  for (let n = 0; n < 10; n += 1) await asker.rpc.request(twice, { n });
  await wire.nc.flush();
  t.is(wire.seen.filter((s) => s === 'sallyport.rpc.trial.twice.v1').length, 10);
  t.is(wire.seen.filter((s) => s.startsWith('_INBOX_asker.trial.')).length, 10);
  t.is(wire.seen.length, 20);
  wire.seen.length = 0;
  for (let n = 0; n < 500; n += 1) bus.events.publish(noted, { n });
  await bus.events.flush();
  await wire.nc.flush();
  const batches = wire.seen.filter((s) => s === 'sallyport.evt.trial.noted.v1').length;
  t.true(batches >= 1 && batches <= 3, `500 facts of one moment in ${batches} messages`);
});

test('a job taken by a process that is killed (SIGKILL) is done by another', async (t) => {
  await using server = await startNats();
  await using bus = await openNatsBus(busOptions(server));
  const file = new URL('./nats-worker.ts', import.meta.url).pathname;
  await using doomed = startProgram(process.execPath, [file, server.url]);
  await until(() => doomed.output().includes('ready') || doomed.child.exitCode !== null);
  await bus.jobs.enqueue(chore, { n: 7 });
  await until(() => doomed.output().includes('took 7'), doomed.output());
  await doomed.stop('SIGKILL');
  const done: [number, number][] = [];
  await bus.jobs.work(chore, { ackWaitMs: 600 }, ({ data }, { attempt }) => {
    done.push([data.n, attempt]);
  });
  await until(() => done.length === 1);
  t.deepEqual(done, [[7, 2]]);
});

test('appends on their way when the broker is killed are refused at once, not at their time-out', async (t) => {
  await using server = await startNats();
  await using broker = await openNatsBroker({ ...natsOptions(server), ackTimeoutMs: 60_000 });
  await freeze(server);
  const append = broker.append('job.trial.chore.v1', message('1'), { dedupe: '1' });
  const refused = t.throwsAsync(append, { instanceOf: BusUnavailableError, message: /broke/ });
  await server.kill();
  await refused;
  t.false(broker.connected);
  await t.throwsAsync(broker.append('job.trial.chore.v1', message('1'), { dedupe: '1' }), {
    instanceOf: BusUnavailableError,
    message: /away/,
  });
});

test('an append that nobody confirms ends at its time-out, or when its signal aborts', async (t) => {
  await using server = await startNats();
  await using broker = await openNatsBroker({ ...natsOptions(server), ackTimeoutMs: 150 });
  await freeze(server);
  const cut = new AbortController();
  const late = broker.append('job.trial.chore.v1', message('1'), { dedupe: '1' });
  const aborted = broker.append('job.trial.chore.v1', message('2'), {
    ...{ dedupe: '2', signal: cut.signal },
  });
  cut.abort(new Error('enough'));
  await t.throwsAsync(aborted, { message: 'enough' });
  await t.throwsAsync(late, { instanceOf: BusUnavailableError, message: /within 150 ms/ });
  server.program.child.kill('SIGCONT');
  const again = await broker.append('job.trial.chore.v1', message('1'), { dedupe: '1' });
  t.true(again.duplicate, 'the first try was stored after all, and the key tells');
});

test('an append to a subject that no stream takes, or to a stream that is full, is refused by name', async (t) => {
  await using server = await startNats();
  await using broker = await openNatsBroker(natsOptions(server));
  await t.throwsAsync(broker.append('rpc.trial.twice.v1', message('1'), { dedupe: '1' }), {
    instanceOf: BusUnavailableError,
    message: /'sallyport.rpc.trial.twice.v1' wasn't stored: no stream/,
  });
  const { jetstreamManager } = await import('@nats-io/jetstream');
  await using nc = await connect({ servers: server.url });
  await (await jetstreamManager(nc)).streams.update('JOBS', { max_msgs: 1 });
  await broker.append('job.trial.chore.v1', message('1'), { dedupe: '1' });
  await t.throwsAsync(broker.append('job.trial.chore.v1', message('2'), { dedupe: '2' }), {
    instanceOf: BusUnavailableError,
    message: /maximum messages exceeded/,
  });
});

test('what listened, core or durable, goes on after its consumer was removed at the broker', async (t) => {
  await using server = await startNats();
  await using bus = await openNatsBus(busOptions(server));
  const [lasting, passing]: [number[], number[]] = [[], []];
  await bus.events.subscribe(
    noted,
    { durable: 'lasting' },
    ({ data }) => void lasting.push(data.n),
  );
  await bus.events.subscribe(noted, {}, ({ data }) => void passing.push(data.n));
  await bus.events.record(noted, { n: 1 });
  await until(() => lasting.length === 1 && passing.length === 1);
  const { jetstreamManager } = await import('@nats-io/jetstream');
  await using nc = await connect({ servers: server.url });
  const manager = await jetstreamManager(nc);
  const names: string[] = [];
  for await (const { name } of manager.consumers.list('EVENTS')) names.push(name);
  t.is(names.length, 2);
  for (const name of names) await manager.consumers.delete('EVENTS', name);
  // The durable one begins with what is new once it is made again.
  await until(async () => {
    await bus.events.record(noted, { n: 2 });
    return lasting.includes(2) && passing.includes(2);
  });
  t.deepEqual(
    passing.filter((n) => n === 1),
    [1],
    'the ephemeral one goes on behind what it had',
  );
});

test('a feed’s listener is still there after the broker was restarted', async (t) => {
  await using server = await startNats();
  await using bus = await openNatsBus(busOptions(server));
  let heard = 0;
  await bus.feeds.listen(numbers, () => {
    heard += 1;
  });
  await server.kill();
  await until(() => !bus.connected);
  await server.restart();
  await until(() => bus.connected);
  bus.feeds.send(numbers, new Uint8Array(1));
  await until(() => heard === 1);
  t.pass();
});

test('a listener that throws is told as an error, and the connection lives', async (t) => {
  await using server = await startNats();
  const errors: Error[] = [];
  await using broker = await openNatsBroker({
    ...natsOptions(server),
    onError: (error) => errors.push(error),
  });
  await broker.listen('feed.trial.v1', () => {
    throw new Error('oh no');
  });
  broker.send('feed.trial.v1', message('1'));
  await until(() => errors.length === 1);
  t.true(errors[0] instanceof BusListenerError);
  t.regex(errors[0]?.message ?? '', /oh no/);
  broker.send('feed.trial.v1', message('2'));
  await until(() => errors.length === 2);
  t.true(broker.connected);
});

test('a request is settled at once when the broker refuses to pass it on, and the refusal is told', async (t) => {
  await using world = await startConfigured(`authorization { users: [
    { user: me, password: me, permissions { publish { deny: ["sallyport.rpc.>", "sallyport.feed.>"] } } } ] }`);
  const faults: BusFault[] = [];
  await using bus = await openNatsBus({
    ...busOptions(world.server),
    auth: { user: 'me', password: 'me' },
    onFault: (fault) => faults.push(fault),
  });
  const began = performance.now();
  await t.throwsAsync(bus.rpc.request(twice, { n: 1 }, { timeoutMs: 20_000 }));
  t.true(performance.now() - began < 5_000);
  bus.feeds.send(numbers, new Uint8Array(1));
  await until(() => faults.length === 2);
  t.true(faults.every(({ kind, error }) => kind === 'send' && error instanceof BusPermissionError));
  t.deepEqual(
    faults.map(({ subject }) => subject),
    ['sallyport.rpc.trial.twice.v1', 'sallyport.feed.trial-numbers.v1'],
  );
});

test('while credentials are refused it says so and keeps trying; a subscription that was refused comes back with its leave', async (t) => {
  const users = (password: string, rest = '') =>
    `authorization { users: [{ user: me, password: ${password} ${rest} }] }`;
  await using world = await startConfigured(users('first'));
  const { server, configure } = world;
  const errors: Error[] = [];
  await using broker = await openNatsBroker({
    ...natsOptions(server),
    auth: { user: 'me', password: 'first' },
    onError: (error) => errors.push(error),
  });
  const heard: string[] = [];
  await broker.listen('feed.trial.v1', ({ body }) => heard.push(new TextDecoder().decode(body)));
  const restart = async (text: string) => {
    await server.kill();
    await configure(text);
    await server.restart();
  };
  await restart(users('second'));
  await until(() => errors.filter((e) => e instanceof BusCredentialsError).length >= 3);
  t.false(broker.connected);
  await restart(users('first', ', permissions { subscribe { deny: ["sallyport.feed.>"] } }'));
  await until(() => broker.connected);
  await until(() => errors.some((e) => e instanceof BusPermissionError));
  await restart(users('first'));
  await until(() => {
    broker.send('feed.trial.v1', message('back'));
    return heard.includes('back');
  });
});

test('a connection that the server cuts off as too slow is made again, with everything on it', async (t) => {
  await using world = await startConfigured('max_payload: 8000, max_pending: 20000');
  await using bus = await openNatsBus(busOptions(world.server));
  let heard = 0;
  await bus.feeds.listen(numbers, () => {
    heard += 1;
  });
  let cut = 0;
  await using flood = await connect({ servers: world.server.url });
  const body = new Uint8Array(4000);
  await until(() => {
    for (let i = 0; i < 200; i += 1) flood.publish('sallyport.feed.trial-numbers.v1', body);
    if (!bus.connected) cut += 1;
    return cut > 0;
  });
  await until(() => bus.connected);
  const before = heard;
  await until(() => {
    bus.feeds.send(numbers, new Uint8Array(1));
    return heard > before;
  });
  t.true(cut > 0);
});

test('a command that the server refuses is told in its words', async (t) => {
  await using world = await startConfigured('max_subscriptions: 4');
  const errors: Error[] = [];
  await using broker = await openNatsBroker({
    ...natsOptions(world.server),
    onError: (error) => errors.push(error),
  });
  for (let i = 0; i < 4; i += 1) {
    await broker.listen(`feed.trial-${i}.v1`, () => {}).catch((error) => errors.push(error));
  }
  await until(() => errors.some((e) => e instanceof BusProtocolError));
  t.regex(errors.map((e) => e.message).join(), /maximum subscriptions exceeded/i);
});

test('an nkey is as good as a password', async (t) => {
  const key = nkeys.createUser();
  await using world = await startConfigured(
    `authorization { users: [{ nkey: ${key.getPublicKey()} }] }`,
  );
  const open = (nkeySeed: string) =>
    openNatsBroker({ ...natsOptions(world.server), auth: { nkeySeed } });
  await using broker = await open(new TextDecoder().decode(key.getSeed()));
  t.true(broker.connected);
  const other = new TextDecoder().decode(nkeys.createUser().getSeed());
  await t.throwsAsync(open(other), { instanceOf: BusCredentialsError });
});

test('where no broker listens it says so at once and names the address', async (t) => {
  await t.throwsAsync(
    openNatsBroker({ servers: 'nats://127.0.0.1:1', service: 'trial', clock: systemClock }),
    { instanceOf: BusUnavailableError, message: /nats:\/\/127\.0\.0\.1:1/ },
  );
});

test('names that would break a subject are refused before anything is sent', async (t) => {
  const base = { servers: 'nats://127.0.0.1:1', service: 'trial', clock: systemClock };
  const bad: Partial<NatsOptions>[] = [
    ...[{ service: 'Edge' }, { service: 'a.b' }, { service: '*' }, { service: '' }],
    ...[{ prefix: 'a..b' }, { prefix: '>' }, { prefix: '' }, { servers: [] }],
  ];
  for (const change of bad) {
    await t.throwsAsync(openNatsBroker({ ...base, ...change }), { code: 'SP_ERR_BUS_ARGUMENT' });
  }
});

test('a durable name keeps its filter; a stream that can’t be changed in place is left alone', async (t) => {
  await using server = await startNats();
  const { jetstreamManager } = await import('@nats-io/jetstream');
  await using nc = await connect({ servers: server.url });
  const manager = await jetstreamManager(nc);
  await manager.streams.add({ name: 'JOBS', subjects: ['sallyport.job.>'] });
  await t.throwsAsync(openNatsBroker(natsOptions(server)), {
    instanceOf: StreamMismatchError,
    message: /stream JOBS: retention "limits" must be "workqueue"/,
  });
  await manager.streams.delete('JOBS');
  await using bus = await openNatsBus(busOptions(server));
  await bus.events.subscribe(noted, { durable: 'mine' }, () => {});
  await t.throwsAsync(
    bus.events.subscribe('*', { durable: 'mine' }, () => {}),
    { code: 'SP_ERR_BUS_ARGUMENT', message: /can't read 'sallyport.evt.>'/ },
  );
});

test('two systems with prefixes of their own share a broker and see nothing of each other', async (t) => {
  await using server = await startNats();
  await using blue = await openNatsBus({ ...busOptions(server), prefix: 'blue' });
  await using green = await openNatsBus({ ...busOptions(server), prefix: 'green' });
  const seen: string[] = [];
  await blue.events.subscribe(
    '*',
    {},
    ({ data }) => void seen.push(`blue ${JSON.stringify(data)}`),
  );
  await green.events.subscribe(
    '*',
    {},
    ({ data }) => void seen.push(`green ${JSON.stringify(data)}`),
  );
  await blue.rpc.respond(twice, {}, ({ n }) => ({ n: 2 * n }));
  await blue.events.record(noted, { n: 1 });
  await green.events.record(noted, { n: 2 });
  await until(() => seen.length === 2);
  t.deepEqual(seen.toSorted(), ['blue {"n":1}', 'green {"n":2}']);
  await t.throwsAsync(green.rpc.request(twice, { n: 1 }), { code: 'SP_ERR_RPC_UNAVAILABLE' });
});
