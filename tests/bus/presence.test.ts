import { setImmediate } from 'node:timers/promises';
import { announcePresence, type Bus, type NodeDescription, watchPresence } from '@sallyport/bus';
import { nodes } from '@sallyport/contracts';
import { ManualClock, systemClock } from '@sallyport/runtime';
import test from 'ava';
import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import { openLocalWorld } from './local-world.ts';
import { LossyFeeds } from './lossy-feeds.ts';
import { openNatsWorld } from './nats-world.ts';

const node = (instance: string, more: Partial<NodeDescription> = {}): NodeDescription => ({
  ...{ instance, services: ['edge'], version: '0.1.0', started: '2026-01-01T00:00:00.000Z' },
  phase: 'up',
  ...more,
});

/** Feeds that lose nothing unless told to; messages arrive when the clock moves. */
function quiet() {
  const clock = new ManualClock();
  const feeds = new LossyFeeds(clock, () => ({ copies: 1, delayMs: 0 }));
  /** Time goes on, and what was sent arrives. */
  const move = async (ms: number) => {
    await setImmediate();
    await clock.advance(ms);
    await setImmediate();
    await clock.advance(0);
  };
  return { clock, feeds, move };
}

test('a process is listed from its first message on, and gone after five seconds of silence', async (t) => {
  const { clock, feeds, move } = quiet();
  await using watch = await watchPresence({ feeds, clock });
  t.deepEqual(watch.list(), []);
  const announcing = announcePresence({ feeds, clock, describe: () => node('a') });
  await move(10);
  t.deepEqual(
    watch.list().map(({ instance, silentMs }) => [instance, silentMs]),
    [['a', 10]],
  );
  await announcing[Symbol.asyncDispose]();
  await move(4980);
  t.is(watch.list().length, 1);
  await move(10);
  t.deepEqual(watch.list(), []);
});

test('one that is lost now and then stays; four lost messages in a row are not yet silence', async (t) => {
  const { clock, feeds, move } = quiet();
  await using watch = await watchPresence({ feeds, clock });
  await using _ = announcePresence({ feeds, clock, describe: () => node('a') });
  await move(1);
  for (let round = 0; round < 3; round += 1) {
    feeds.cut = true;
    for (let second = 0; second < 4; second += 1) {
      await move(1000);
      t.is(watch.list().length, 1, `round ${round}, ${second + 1} s`);
    }
    feeds.cut = false;
    await move(1000);
  }
});

test('what a process says of itself is shown as it changes: draining, and a restart as one process', async (t) => {
  const { clock, feeds, move } = quiet();
  await using watch = await watchPresence({ feeds, clock });
  let phase = 'starting';
  const first = announcePresence({ feeds, clock, describe: () => node('a', { phase }) });
  for (const next of ['up', 'draining']) {
    phase = next;
    await move(1000);
    t.deepEqual(
      watch.list().map((one) => one.phase),
      [next],
    );
  }
  await first[Symbol.asyncDispose]();
  const started = '2026-01-02T00:00:00.000Z';
  await using _ = announcePresence({ feeds, clock, describe: () => node('a', { started }) });
  await move(1);
  t.deepEqual(
    watch.list().map((one) => [one.instance, one.started]),
    [['a', started]],
  );
});

test('many processes are listed in the order of their names', async (t) => {
  const { clock, feeds, move } = quiet();
  await using watch = await watchPresence({ feeds, clock });
  await using stack = new AsyncDisposableStack();
  for (const name of ['c', 'a', 'b']) {
    stack.use(announcePresence({ feeds, clock, describe: () => node(name) }));
  }
  await move(1);
  t.deepEqual(
    watch.list().map((one) => one.instance),
    ['a', 'b', 'c'],
  );
});

test('a description that fails or does not fit is told and not sent, and the next one is', async (t) => {
  const { clock, feeds, move } = quiet();
  await using watch = await watchPresence({ feeds, clock });
  const errors: Error[] = [];
  const answers = [
    () => Promise.reject(new Error('no idea')),
    () => node('a', { services: [] }),
    () => node('a'),
  ];
  await using _ = announcePresence({
    ...{ feeds, clock, onError: (error: unknown) => errors.push(error as Error) },
    describe: () => (answers.shift() as () => NodeDescription | Promise<NodeDescription>)(),
  });
  await move(1000);
  t.deepEqual(watch.list(), []);
  t.is(errors[0]?.message, 'no idea');
  t.regex(errors[1]?.message ?? '', /services/);
  await move(1000);
  t.is(watch.list().length, 1);
});

test('messages that are none are told and ignored', async (t) => {
  const { clock, feeds, move } = quiet();
  const errors: unknown[] = [];
  await using watch = await watchPresence({ feeds, clock, onError: (error) => errors.push(error) });
  const send = (text: string) => feeds.send(nodes, new TextEncoder().encode(text));
  const foreign = ['', '[]', '{"epoch":"e","version":1,"delta":{"instance":"x"}}'];
  for (const text of foreign) send(text);
  send('{"epoch":"e","version":1}');
  await move(1);
  t.is(errors.length, foreign.length);
  t.deepEqual(watch.list(), []);
});

async function seenByAnother(connect: () => Promise<Bus>) {
  const [here, there] = [await connect(), await connect()];
  const clock = systemClock;
  await using watch = await watchPresence({ feeds: here.feeds, clock });
  const describe = () => node('far', { listens: ['https://127.0.0.2:8443'], faults: ['no store'] });
  await using _ = announcePresence({ feeds: there.feeds, clock, describe, everyMs: 20 });
  const [found] = await until(() => (watch.list().length === 1 ? watch.list() : undefined));
  return { ...found, silentMs: 0 };
}

const expected = {
  ...node('far', { listens: ['https://127.0.0.2:8443'], faults: ['no store'] }),
  silentMs: 0,
};

test('over the local bus another client sees the process', async (t) => {
  await using world = await openLocalWorld();
  t.deepEqual(await seenByAnother(() => world.connect()), expected);
});

testWith('nats-server')('over NATS another client sees the process', async (t) => {
  await using world = await openNatsWorld();
  t.deepEqual(await seenByAnother(() => world.connect()), expected);
});
