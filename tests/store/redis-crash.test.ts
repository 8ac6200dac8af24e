import { fileURLToPath } from 'node:url';
import { type Space, type Store, StoreUnavailableError } from '@sallyport/store';
import { openRedisStore } from '@sallyport/store/redis';
import { deep } from '../world/deep.ts';
import { testWith } from '../world/needs.ts';
import { startProgram } from '../world/program.ts';
import { startRedis } from '../world/redis.ts';
import { until } from '../world/until.ts';
import { audit, transfers } from './bank.ts';

const test = testWith('redis-server');
const writer = fileURLToPath(new URL('./redis-writer.ts', import.meta.url));
const ROUNDS = deep ? 30 : 4;

/** The store, whose commits are asked again under their id for as long as the store isn't there. */
function persistent(store: Store): Store {
  const insist = async <T>(work: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error;
      }
    }
  };
  const wrap = (space: Space): Space => ({
    ...space,
    get: (...args) => insist(() => space.get(...args)),
    commit: (...args) => insist(() => space.commit(...args)),
  });
  return {
    space: (name) => wrap(store.space(name)),
    now: (signal) => store.now(signal),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

class Enough extends Error {}

test('kill -9 of Redis amid a storm of commits loses none that was acknowledged and halves none', async (t) => {
  await using server = await startRedis();
  const connect = () =>
    openRedisStore({ mode: 'single', host: server.host, port: server.port, prefix: 'sp' });
  const acknowledged = new Set<string>();
  let running = true;
  await using store = await connect();
  const storm = transfers(persistent(store), 8, (line) => {
    acknowledged.add(line.replace(/^ack /, ''));
    if (!running) throw new Enough();
  });
  const ended = t.throwsAsync(() => storm, { instanceOf: Enough });
  for (let round = 0; round < ROUNDS; round += 1) {
    const enough = acknowledged.size + 100 + 37 * round;
    await until(() => acknowledged.size > enough, 'the client commits, again after each crash');
    await server.kill();
    await server.restart();
  }
  const enough = acknowledged.size + 50;
  await until(() => acknowledged.size > enough, 'the client commits after the last crash');
  running = false;
  await ended;
  acknowledged.delete('done');

  await using auditor = await connect();
  // Transfers that weren't told that they were to stop may still be under way.
  await store[Symbol.asyncDispose]();
  t.deepEqual(await audit(auditor.space('bank'), acknowledged, new Set()), []);
});

test('kill -9 of the writing process leaves each commit whole or absent, and every acknowledged one', async (t) => {
  await using server = await startRedis();
  await using store = await openRedisStore({
    mode: 'single',
    host: server.host,
    port: server.port,
    prefix: 'sp',
  });
  const acknowledged = new Set<string>();
  const delivered = new Set<string>();
  for (let round = 0; round < ROUNDS; round += 1) {
    await using child = startProgram(process.execPath, [
      ...[writer, server.host, String(server.port), '8'],
    ]);
    const enough = 50 + round * 37;
    await until(
      () => child.output().split('\n').length > enough || child.child.exitCode !== null,
      'it commits',
    );
    await child.stop('SIGKILL');
    t.is(child.child.signalCode, 'SIGKILL', child.output());
    for (const [, id = ''] of child.output().matchAll(/^ack (\S+)\n/gm)) acknowledged.add(id);
    // What it had sent when it died may still be on its way into Redis.
    await until(
      async () => (await audit(store.space('bank'), acknowledged, delivered)).length === 0,
    );
    t.deepEqual(await audit(store.space('bank'), acknowledged, delivered), []);
  }
  t.true(acknowledged.size > ROUNDS * 30);
});
