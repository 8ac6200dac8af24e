import { jetstreamManager } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';
import { openNatsBroker, openNatsBus } from '@sallyport/bus/nats';
import { randomIds, systemClock } from '@sallyport/runtime';
import { startNats } from '../world/nats.ts';
import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import { openLine } from './nats-broken-line.ts';
import { chore, noted, twice } from './trial-contracts.ts';

const test = testWith('nats-server');
const ids = randomIds(systemClock);
const busOptions = (servers: string) => ({
  ...{ servers, service: 'trial', source: '/trial', instance: 'trial-1' },
  ...{ clock: systemClock, ids },
});

test('an ephemeral subscription loses nothing that was on a line when it broke', async (t) => {
  await using server = await startNats();
  await using line = await openLine(server.port);
  await using reader = await openNatsBus(busOptions(line.url));
  await using writer = await openNatsBus(busOptions(server.url));
  const seen: number[] = [];
  await reader.events.subscribe(noted, {}, ({ data }) => void seen.push(data.n));
  await writer.events.record(noted, { n: 0 });
  await until(() => seen.length === 1);
  line.hold();
  for (let n = 1; n <= 5; n += 1) await writer.events.record(noted, { n });
  // The broker counts them as delivered: its consumer needs no acknowledgement.
  await until(() => line.held > 1000);
  line.cut();
  await writer.events.record(noted, { n: 6 });
  await until(() => seen.length >= 7);
  t.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6]);
});

test('a responder that is drained still answers what the broker had handed over', async (t) => {
  await using server = await startNats();
  await using line = await openLine(server.port);
  await using leaving = await openNatsBus(busOptions(line.url));
  await using asker = await openNatsBus({ ...busOptions(server.url), service: 'asker' });
  const responding = await leaving.rpc.respond(twice, {}, ({ n }) => ({ n: 2 * n }));
  line.hold();
  const answers = Promise.all([1, 2, 3].map((n) => asker.rpc.request(twice, { n })));
  await until(() => line.held > 100);
  const drained = responding.drain();
  line.release();
  t.deepEqual(await answers, [{ n: 2 }, { n: 4 }, { n: 6 }]);
  await drained;
  await t.throwsAsync(asker.rpc.request(twice, { n: 4 }), { code: 'SP_ERR_RPC_UNAVAILABLE' });
});

test('a job that is done is gone from the stream, an event that is done isn’t pending', async (t) => {
  await using server = await startNats();
  await using bus = await openNatsBus(busOptions(server.url));
  await bus.jobs.work(chore, { concurrency: 4 }, () => {});
  await bus.events.subscribe(noted, { durable: 'reader' }, () => {});
  for (let n = 0; n < 20; n += 1) {
    await bus.jobs.enqueue(chore, { n });
    await bus.events.record(noted, { n });
  }
  await using nc = await connect({ servers: server.url });
  const manager = await jetstreamManager(nc);
  await until(async () => (await manager.streams.info('JOBS')).state.messages === 0);
  await until(async () => {
    const { num_ack_pending, ack_floor } = await manager.consumers.info('EVENTS', 'reader');
    return num_ack_pending === 0 && ack_floor.stream_seq === 20;
  });
  t.pass();
});

test('jobs beyond a worker’s concurrency wait at the broker and are delivered once', async (t) => {
  await using server = await startNats();
  await using bus = await openNatsBus(busOptions(server.url));
  for (let n = 0; n < 30; n += 1) await bus.jobs.enqueue(chore, { n });
  const attempts: number[] = [];
  for (let i = 0; i < 2; i += 1) {
    await bus.jobs.work(chore, { concurrency: 3 }, async ({ data }, { attempt }) => {
      // They don't end together: room for one must not fetch for all.
      await systemClock.sleep(5 + (data.n % 3) * 15);
      attempts.push(attempt);
    });
  }
  await until(() => attempts.length === 30);
  t.deepEqual(new Set(attempts), new Set([1]));
});

test('of what others write as headers only plain names come in, the first value of each, and none of the broker’s', async (t) => {
  await using server = await startNats();
  await using broker = await openNatsBroker({
    ...{ servers: server.url, service: 'trial', clock: systemClock },
  });
  const seen: object[] = [];
  await broker.listen('feed.trial.v1', (message) => seen.push(message.headers));
  await using nc = await connect({ servers: server.url });
  const odd = headers();
  odd.append('Sp-Key', 'first');
  odd.append('sp-key', 'second');
  odd.append('Nats-Expected-Stream', 'x');
  odd.append('__proto__', 'x');
  odd.append('constructor', 'y');
  nc.publish('sallyport.feed.trial.v1', 'x', { headers: odd });
  await until(() => seen.length === 1);
  t.deepEqual(seen, [{ 'sp-key': 'first', constructor: 'y' }]);
});

test('a header with a line break is refused, and what can’t fail tells it as an error', async (t) => {
  await using server = await startNats();
  const errors: Error[] = [];
  await using broker = await openNatsBroker({
    ...{ servers: server.url, service: 'trial', clock: systemClock },
    onError: (error) => errors.push(error),
  });
  const message = { headers: { 'sp-key': 'a\r\nNats-Msg-Id: b' }, body: new Uint8Array(1) };
  const refusal = { code: 'SP_ERR_BUS_ARGUMENT', message: /one line/ };
  await t.throwsAsync(broker.append('job.trial.chore.v1', message, { dedupe: '1' }), refusal);
  t.throws(() => broker.request('rpc.trial.twice.v1', message, () => {}), refusal);
  broker.send('feed.trial.v1', message);
  t.is(errors.length, 1);
});
