import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import {
  consumers,
  EntityTables,
  type EntityType,
  type EntityWriter,
  entityLog,
  keyAuthPlugin,
  keyAuths,
  type Outcome,
  openEntityWriter,
  pluginSchemas,
  pluginsWith,
  requestTerminationPlugin,
  routes,
  SnapshotFormatError,
  SnapshotGapError,
  services,
} from '@sallyport/gateway';
import { systemClock } from '@sallyport/runtime';
import type { Space } from '@sallyport/store';
import { openRedisStore } from '@sallyport/store/redis';
import { openSqliteStore } from '@sallyport/store/sqlite';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';
import { testWith } from '../world/needs.ts';
import { tempDir } from '../world/program.ts';
import { startRedis } from '../world/redis.ts';

const test = testWith('redis-server');
const plugins = pluginsWith(pluginSchemas([keyAuthPlugin, requestTerminationPlugin]));
const types: EntityType[] = [services, routes, consumers, plugins, keyAuths];

const openWriter = (space: Space) =>
  openEntityWriter({
    log: entityLog(space, types),
    types,
    uuid: randomUUID,
    clock: systemClock,
    announce: (delta) => [
      {
        id: `v${delta.version}`,
        subject: 'evt.gateway.entity-changed.v1',
        body: Buffer.from('[]'),
      },
    ],
  });

function must<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.violation));
  return outcome.value;
}

const stores: Record<string, () => Promise<{ space: Space } & AsyncDisposable>> = {
  async SQLite() {
    await using stack = new AsyncDisposableStack();
    const dir = stack.use(await tempDir());
    const store = stack.use(
      await openSqliteStore({ path: join(dir.path, 'store.sqlite'), clock: systemClock }),
    );
    const owned = stack.move();
    return { space: store.space('gateway'), [Symbol.asyncDispose]: () => owned.disposeAsync() };
  },
  async Redis() {
    await using stack = new AsyncDisposableStack();
    const { host, port } = stack.use(await startRedis());
    const store = stack.use(
      await openRedisStore({
        ...{ mode: 'single', host, port, prefix: 'sallyport' },
        commandTimeoutMs: 10_000,
      }),
    );
    const owned = stack.move();
    return { space: store.space('gateway'), [Symbol.asyncDispose]: () => owned.disposeAsync() };
  },
};

for (const [name, open] of Object.entries(stores)) {
  test(`${name}: what one writer wrote another reads, whole and by deltas`, async (t) => {
    await using store = await open();
    const writer = await openWriter(store.space);
    const early = await entityLog(store.space, types).load();
    const service = must(await writer.insert(services, { name: 'up', host: 'up.example' }));
    const route = must(
      await writer.insert(routes, { paths: ['/a'], service: { id: service.id }, tags: ['x'] }),
    );
    t.is(writer.snapshot.version, 2);

    const late = await entityLog(store.space, types).load();
    t.is(late.version, 2);
    t.deepEqual(late.byKey(services, 'up'), service);
    t.deepEqual(late.list(routes), [route]);

    t.true(await entityLog(store.space, types).catchUp(early));
    t.is(early.version, 2);
    t.deepEqual(early.get(routes, route.id), route);
    t.deepEqual([...early.referring(routes, 'service', service.id)], [route.id]);
  });

  test(`${name}: every change leaves with its message`, async (t) => {
    await using store = await open();
    const writer = await openWriter(store.space);
    must(await writer.insert(consumers, { username: 'fiona' }));
    must(await writer.insert(consumers, { username: 'anna' }));
    const claim = await store.space.outbox.claim({ limit: 10, claimMs: 1000 });
    t.deepEqual(
      claim?.messages.map(({ id }) => id),
      ['v1', 'v2'],
    );
  });

  test(`${name}: names stay unique when two writers race for them`, async (t) => {
    await using store = await open();
    const writers = await Promise.all(Array.from({ length: 4 }, () => openWriter(store.space)));
    const outcomes = await Promise.all(
      writers.map((writer) => writer.insert(consumers, { username: 'only' })),
    );
    t.is(outcomes.filter(({ ok }) => ok).length, 1);
    for (const outcome of outcomes) {
      if (!outcome.ok) {
        t.deepEqual(outcome.violation, { kind: 'unique', fields: { username: 'only' } });
      }
    }
    await (writers[0] as EntityWriter).refresh();
    t.is((writers[0] as EntityWriter).snapshot.count(consumers), 1);
  });

  test(`${name}: no change of writers side by side is lost`, async (t) => {
    await using store = await open();
    const writers = await Promise.all(Array.from({ length: 3 }, () => openWriter(store.space)));
    await Promise.all(
      writers.map(async (writer, w) => {
        for (let i = 0; i < 10; i += 1) {
          must(await writer.insert(consumers, { username: `${w}-${i}` }));
        }
      }),
    );
    const tables = await entityLog(store.space, types).load();
    t.is(tables.count(consumers), 30);
    t.is(tables.version, 30);
  });

  test(`${name}: a route can't be left without its service by another writer`, async (t) => {
    await using store = await open();
    const [a, b] = [await openWriter(store.space), await openWriter(store.space)];
    const service = must(await a.insert(services, { host: 'up.example' }));
    const [made, removed] = await Promise.all([
      b.insert(routes, { paths: ['/'], service: { id: service.id } }),
      a.remove(services, service.id),
    ]);
    t.not(made.ok, removed.ok);
    if (!removed.ok) {
      t.deepEqual(removed.violation, { kind: 'referenced', type: 'services', by: 'routes' });
    }
    if (!made.ok) t.like(made.violation, { kind: 'foreign', field: 'service', to: 'services' });
  });

  test(`${name}: a consumer takes its credentials and plugins along, also very many`, async (t) => {
    await using store = await open();
    const writer = await openWriter(store.space);
    const { id } = must(await writer.insert(consumers, { username: 'rich' }));
    const other = must(await writer.insert(consumers, { username: 'other' }));
    const credential = (n: number, consumer: string) => ({
      key_digest: String(n).padStart(43, 'k'),
      consumer: { id: consumer },
    });
    for (let n = 0; n < 450; n += 1) must(await writer.insert(keyAuths, credential(n, id)));
    must(await writer.insert(keyAuths, credential(9999, other.id)));
    must(await writer.insert(plugins, { name: 'request-termination', consumer: { id } }));
    const before = writer.snapshot.version;
    t.true(must(await writer.remove(consumers, id)));
    t.is(writer.snapshot.version, before + 2);
    const tables = await entityLog(store.space, types).load();
    t.is(tables.count(keyAuths), 1);
    t.is(tables.count(plugins), 0);
    t.is(tables.count(consumers), 1);
  });
}

const onSqlite = stores['SQLite'] as () => Promise<{ space: Space } & AsyncDisposable>;

test('an update replaces what it names, merges configuration, and keeps age and id', async (t) => {
  await using store = await onSqlite();
  const writer = await openWriter(store.space);
  const made = must(
    await writer.insert(plugins, { name: 'key-auth', config: { key_names: ['k'], realm: 'r' } }),
  );
  const id = '00000000-0000-4000-8000-00000000ffff';
  const after = must(
    await writer.update(plugins, made.id, {
      config: { anonymous: 'guest' },
      tags: ['t'],
      id,
      created_at: 1,
    }),
  );
  t.is(after.id, made.id);
  t.is(after.created_at, made.created_at);
  t.deepEqual(after.tags, ['t']);
  t.deepEqual(after.config, { ...made.config, anonymous: 'guest' });
});

test('an upsert makes what is not there and resets what it does not name', async (t) => {
  await using store = await onSqlite();
  const writer = await openWriter(store.space);
  const id = randomUUID();
  t.is(must(await writer.upsert(services, id, { host: 'a', retries: 1 })).retries, 1);
  t.is(must(await writer.upsert(services, id, { host: 'b' })).retries, 5);
});

test('what is wrong or missing is told, and nothing is written', async (t) => {
  await using store = await onSqlite();
  const writer = await openWriter(store.space);
  const id = randomUUID();
  t.deepEqual(await writer.update(services, id, { host: 'a' }), {
    ok: false,
    violation: { kind: 'not-found', type: 'services', id },
  });
  t.deepEqual(await writer.insert(services, 'text'), {
    ok: false,
    violation: { kind: 'schema', fields: { '@entity': 'expected a record' } },
  });
  t.deepEqual(await writer.insert(services, { id: 7, host: 'a' }), {
    ok: false,
    violation: { kind: 'schema', fields: { id: 'expected a valid UUID' } },
  });
  t.deepEqual(await writer.insert(routes, { paths: ['/'], service: { id } }), {
    ok: false,
    violation: { kind: 'foreign', field: 'service', to: 'services', id },
  });
  t.false(must(await writer.remove(services, id)));
  t.is(writer.snapshot.version, 0);
});

test('an id in capitals is the same id', async (t) => {
  await using store = await onSqlite();
  const writer = await openWriter(store.space);
  const id = 'ABCDEF00-0000-4000-8000-00000000ABCD';
  must(await writer.insert(services, { id, host: 'a' }));
  t.deepEqual(await writer.insert(services, { id: id.toLowerCase(), host: 'b' }), {
    ok: false,
    violation: { kind: 'unique', fields: { id: id.toLowerCase() } },
  });
});

test('one plugin of a name for one scope, and null is a scope', async (t) => {
  await using store = await onSqlite();
  const writer = await openWriter(store.space);
  const service = must(await writer.insert(services, { host: 'a' }));
  must(await writer.insert(plugins, { name: 'key-auth' }));
  must(await writer.insert(plugins, { name: 'key-auth', service: { id: service.id } }));
  const again = await writer.insert(plugins, { name: 'key-auth', service: { id: service.id } });
  t.deepEqual(again, {
    ok: false,
    violation: {
      kind: 'unique',
      fields: { name: 'key-auth', route: null, service: { id: service.id }, consumer: null },
    },
  });
  t.false((await writer.insert(plugins, { name: 'key-auth' })).ok);
});

test('a delta that skips a version is refused, one that is known already is ignored', (t) => {
  const tables = new EntityTables(types, 3);
  tables.apply({ version: 3, changes: [] });
  t.is(tables.version, 3);
  const error = t.throws(() => tables.apply({ version: 5, changes: [] }), {
    instanceOf: SnapshotGapError,
  });
  t.regex(error.message, /delta 5 doesn't follow version 3/);
});

test('a snapshot loaded while others write is of one version', async (t) => {
  await using store = await onSqlite();
  const writer = await openWriter(store.space);
  const { id } = must(await writer.insert(consumers, { username: 'before' }));
  let wrote = false;
  // The write falls between the reading of the members and of the entities behind them.
  const racing = {
    get: store.space.get,
    commit: store.space.commit,
    async range(...args: Parameters<Space['range']>) {
      const members = await store.space.range(...args);
      if (!wrote) {
        wrote = true;
        must(await writer.remove(consumers, id));
        must(await writer.insert(consumers, { username: 'after' }));
      }
      return members;
    },
  };
  const tables = await entityLog(racing, types).load();
  t.is(tables.version, writer.snapshot.version);
  t.deepEqual(tables.list(consumers), writer.snapshot.list(consumers));
});

test('entities of a newer format are refused with the key and both formats', async (t) => {
  await using store = await onSqlite();
  await store.space.commit({
    put: [{ key: ['entities', 'head'], value: Buffer.from('?'), format: 9 }],
  });
  const error = await t.throwsAsync(entityLog(store.space, types).load(), {
    instanceOf: SnapshotFormatError,
  });
  t.regex(error.message, /entities\/head has format 9, and this version knows 1/);
});

test('after any changes, a snapshot loaded whole is the one that grew by deltas', async (t) => {
  const change = fc.record({
    user: fc.constantFrom('a', 'b', 'c'),
    action: fc.constantFrom('insert', 'rename', 'remove', 'credential'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 25 }), async (changes) => {
      await using store = await onSqlite();
      const writer = await openWriter(store.space);
      const grown = await entityLog(store.space, types).load();
      for (const [i, { user, action }] of changes.entries()) {
        const found = writer.snapshot.byKey(consumers, user);
        if (action === 'insert') await writer.insert(consumers, { username: user });
        else if (found === undefined) continue;
        else if (action === 'remove') must(await writer.remove(consumers, found.id));
        else if (action === 'rename')
          must(await writer.update(consumers, found.id, { username: `${user}${i}` }));
        else
          must(
            await writer.insert(keyAuths, {
              key_digest: String(i).padStart(43, 'd'),
              consumer: { id: found.id },
            }),
          );
      }
      t.true(await entityLog(store.space, types).catchUp(grown));
      const loaded = await entityLog(store.space, types).load();
      for (const type of types) {
        t.deepEqual(grown.list(type), loaded.list(type));
        t.deepEqual(writer.snapshot.list(type), loaded.list(type));
      }
      for (const { key_digest, consumer } of loaded.list(keyAuths)) {
        t.is(loaded.byKey(keyAuths, key_digest)?.consumer.id, consumer.id);
        t.not(loaded.get(consumers, consumer.id), undefined);
      }
    }),
    runs(15, 300),
  );
});
