import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { gateway } from '@sallyport/contracts';
import {
  changesOf,
  consumers,
  type Delta,
  EntityTables,
  type EntityType,
  entityFeed,
  entityLog,
  feedChanges,
  keyAuths,
  type LogHead,
  openEntityWriter,
} from '@sallyport/gateway';
import { systemClock } from '@sallyport/runtime';
import { openSqliteStore } from '@sallyport/store/sqlite';
import test from 'ava';
import { tempDir } from '../world/program.ts';

const types: EntityType[] = [consumers, keyAuths];
const signal = new AbortController().signal;

async function openWorld() {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await tempDir());
  const path = join(dir.path, 'store.sqlite');
  const store = stack.use(await openSqliteStore({ path, clock: systemClock }));
  const space = store.space('gateway');
  const log = entityLog(space, types);
  const written: { delta: Delta; head: LogHead }[] = [];
  const announced: string[][] = [];
  const writer = await openEntityWriter({
    log,
    types,
    uuid: randomUUID,
    clock: systemClock,
    announce: (delta, before) => {
      announced.push(delta.changes.map(({ type, id }) => String(before.has(type, id))));
      return delta.changes.map(({ id }, i) => ({
        id: `${delta.version}-${i}`,
        subject: 'evt.gateway.entity-changed.v1',
        body: Buffer.from(id),
      }));
    },
    written: (delta, head) => written.push({ delta, head }),
  });
  const owned = stack.move();
  return {
    ...{ space, log, writer, written, announced, feed: entityFeed(log) },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test('what the feed carries fits its contract and comes out as it went in', (t) => {
  const id = randomUUID();
  const changes = [
    { type: 'key-auths', id, value: { id, created_at: 1, updated_at: 1, tags: null } },
    { type: 'consumers', id, value: null },
  ];
  const message = gateway.parse(JSON.parse(JSON.stringify(feedChanges({ changes }))));
  t.is(message.changes[0]?.entity, 'key_auths');
  t.deepEqual(changesOf(message), changes);
});

test('a reader that has a head gets the deltas behind it, and together they are the snapshot', async (t) => {
  await using world = await openWorld();
  const before = await world.feed.head(signal);
  t.is(before.version, 0);
  await world.writer.insert(consumers, { username: 'fiona' });
  const first = await world.feed.head(signal);
  t.not(first.epoch, before.epoch);
  await world.writer.insert(consumers, { username: 'anna' });

  t.is(await world.feed.since(before, signal), undefined, 'a numbering has begun since');
  const { value } = await world.feed.snapshot(signal);
  const tables = new EntityTables(types);
  const begin = { epoch: first.epoch, version: 0 };
  for (const { version, delta } of (await world.feed.since(begin, signal)) ?? []) {
    tables.apply({ version, changes: changesOf(delta) });
  }
  t.deepEqual(tables.list(consumers), value.list(consumers));
  t.is((await world.feed.since(first, signal))?.length, 1);
  t.deepEqual(await world.feed.since(await world.feed.head(signal), signal), []);
});

test('a head from before the store was emptied is refused, and writers load again', async (t) => {
  await using world = await openWorld();
  const { writer, space, log } = world;
  for (const username of ['a', 'b', 'c']) await writer.insert(consumers, { username });
  const old = await world.feed.head(signal);
  // As after a flush of Redis: not even the version is left.
  const [head] = await space.get([['entities', 'head']]);
  const all: [string, string] = ['entities', 'all'];
  const members = await space.range(all);
  await space.commit({
    check: [{ key: ['entities', 'head'], version: head?.version }],
    delete: [['entities', 'head']],
    index: members.map(({ member }) => ({ index: all, remove: member })),
  });
  t.is(await world.feed.since(old, signal), undefined);
  const outcome = await writer.insert(consumers, { username: 'a' });
  t.true(outcome.ok, 'the name is free again');
  t.is(writer.snapshot.version, 1);
  t.is(await world.feed.since(old, signal), undefined);
  t.deepEqual((await log.load()).list(consumers).length, 1);
});

test('a commit is told of once, with its head, after what it changed was seen', async (t) => {
  await using world = await openWorld();
  const made = await world.writer.insert(consumers, { username: 'fiona' });
  if (!made.ok) throw new Error('not made');
  await world.writer.update(consumers, made.value.id, { custom_id: 'x' });
  t.deepEqual(world.announced, [['false'], ['true']]);
  t.deepEqual(
    world.written.map(({ delta, head }) => [delta.version, head.version]),
    [
      [1, 1],
      [2, 2],
    ],
  );
  t.is(world.written[0]?.head.epoch, (await world.feed.head(signal)).epoch);
});

test('many calls of one writer at once all succeed, in a version each', async (t) => {
  await using world = await openWorld();
  const outcomes = await Promise.all(
    Array.from({ length: 60 }, (_, i) =>
      world.writer.insert(consumers, { username: `user-${i}` }, AbortSignal.timeout(30_000)),
    ),
  );
  t.true(outcomes.every(({ ok }) => ok));
  t.is(world.announced.length, 60, 'none had to be planned twice');
  t.is((await world.log.load()).count(consumers), 60);
});

test('a removal of 400, each with its message, fits into commits of the store', async (t) => {
  await using world = await openWorld();
  const made = await world.writer.insert(consumers, { username: 'many' });
  if (!made.ok) throw new Error('not made');
  const consumer = { id: made.value.id };
  await Promise.all(
    Array.from({ length: 400 }, (_, i) =>
      world.writer.insert(keyAuths, { consumer, key_digest: String(i).padStart(43, 'k') }),
    ),
  );
  t.is(world.writer.snapshot.count(keyAuths), 400);
  t.deepEqual(await world.writer.remove(consumers, consumer.id), { ok: true, value: true });
  t.is((await world.log.load()).count(keyAuths), 0);
});
