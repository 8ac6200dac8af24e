import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Key, Space } from '@sallyport/store';
import { openRedisStore } from '@sallyport/store/redis';
import { Redis } from 'ioredis';
import { testWith } from '../world/needs.ts';
import { freePort, startProgram, tempDir } from '../world/program.ts';
import { type RedisServer, startRedis, startRedisCluster } from '../world/redis.ts';
import { until } from '../world/until.ts';

const test = testWith('redis-server');
const key = (name: string): Key => ['p', name];
const value = Buffer.from('value');
const put = (name: string) => [{ key: key(name), value, format: 1 }];
const found = async (space: Space, name: string) => (await space.get([key(name)]))[0] !== undefined;

async function admin<T>(
  { host, port }: { host: string; port: number },
  work: (redis: Redis) => Promise<T>,
): Promise<T> {
  const redis = new Redis({ host, port, lazyConnect: true });
  try {
    await redis.connect();
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

/** A server that follows `master` and has caught up with it. */
async function startReplica(master: RedisServer): Promise<RedisServer> {
  const replica = await startRedis(['--replicaof', master.host, String(master.port)]);
  await until(
    () => admin(replica, async (redis) => /master_link_status:up/.test(await redis.info())),
    'the replica follows',
  );
  return replica;
}

test('with wait, a commit is acknowledged when the replica has it, and is safe to ask again when it was not', async (t) => {
  await using master = await startRedis();
  await using replica = await startReplica(master);
  const { host, port } = master;
  const wait = { replicas: 1, timeoutMs: 300 };
  await using store = await openRedisStore({ mode: 'single', host, port, prefix: 'sp', wait });
  const space = store.space('s');
  const once = { id: '1', put: put('a'), count: [{ key: key('n'), add: 1 }] };

  replica.program.child.kill('SIGSTOP');
  const stopped = performance.now();
  await t.throwsAsync(() => space.commit(once), {
    code: 'SP_ERR_STORE_UNAVAILABLE',
    message: /0 of 1 replicas have it after 300 ms/,
  });
  t.true(performance.now() - stopped > 250);
  t.true(await found(space, 'a'), 'reads are not held up, and see it: it may have been applied');
  await t.throwsAsync(() => space.commit(once), { code: 'SP_ERR_STORE_UNAVAILABLE' });

  replica.program.child.kill('SIGCONT');
  await until(
    () =>
      space.commit(once).then(
        ({ ok }) => ok,
        () => false,
      ),
    'the replica answers again',
  );
  t.deepEqual(await space.counters([key('n')]), [1]);
  t.is(await admin(replica, (redis) => redis.exists('sp:s:{p}:e:a')), 1);
  // A connection of its own has written nothing before: what counts is what was written in answer to this.
  await using fresh = await openRedisStore({ mode: 'single', host, port, prefix: 'sp', wait });
  replica.program.child.kill('SIGSTOP');
  await t.throwsAsync(() => fresh.space('s').commit(once), { code: 'SP_ERR_STORE_UNAVAILABLE' });
});

test('after a failover the master that the sentinels name is used, and a deposed one no more', async (t) => {
  await using master = await startRedis();
  await using replica = await startReplica(master);
  await using dir = await tempDir();
  const port = await freePort();
  const config = join(dir.path, 'sentinel.conf');
  await writeFile(
    config,
    [
      `bind 127.0.0.1\nport ${port}\ndir ${dir.path}`,
      `sentinel monitor main ${master.host} ${master.port} 1`,
      'sentinel down-after-milliseconds main 300\nsentinel failover-timeout main 3000\n',
    ].join('\n'),
  );
  await using sentinel = startProgram('redis-server', [config, '--sentinel']);
  await until(() => sentinel.output().includes('+slave'), 'the sentinel knows the replica');
  await using store = await openRedisStore({
    mode: 'sentinel',
    sentinels: [{ host: '127.0.0.1', port }],
    name: 'main',
    prefix: 'sp',
    commandTimeoutMs: 1_000,
  });
  const space = store.space('s');
  t.true((await space.commit({ put: put('a') })).ok);
  await until(
    () => admin(replica, async (redis) => (await redis.exists('sp:s:{p}:e:a')) === 1),
    'it is replicated',
  );
  const commit = (name: string) =>
    space.commit({ id: name, put: put(name) }).then(
      ({ ok }) => ok,
      (error: { code: string }) =>
        error.code === 'SP_ERR_STORE_UNAVAILABLE' ? false : Promise.reject(error),
    );
  await master.kill();
  await until(() => commit('b'), 'the replica is master', 20_000);
  t.true((await found(space, 'a')) && (await found(space, 'b')));
  t.is(await admin(replica, (redis) => redis.exists('sp:s:{p}:e:b')), 1);

  // Without warning it is made a replica again: of nobody, but that it doesn't know.
  await admin(replica, (redis) => redis.replicaof('127.0.0.1', '1'));
  t.false(await commit('c'), 'a server that may not be written is no master');
  await admin(replica, (redis) => redis.replicaof('NO', 'ONE'));
  await until(() => commit('c'), 'it is master again', 20_000);
});

test('while a slot moves to another node of a cluster its partition stays whole and usable', async (t) => {
  await using cluster = await startRedisCluster();
  await using store = await openRedisStore({ mode: 'cluster', nodes: cluster.nodes, prefix: 'sp' });
  const space = store.space('s');
  const window = { key: key('w'), periodMs: 600_000, limit: 100 };
  await space.commit({ put: [...put('a'), ...put('b')], count: [{ key: key('n'), add: 1 }] });
  await space.hit([window]);

  const nodes = await Promise.all(
    cluster.nodes.map((node) =>
      admin(node, async (redis) => ({ ...node, id: String(await redis.cluster('MYID')) })),
    ),
  );
  const slot = await admin(nodes[0] as Node, (redis) => redis.cluster('KEYSLOT', 'p'));
  const keysOn = (node: Node) =>
    admin(node, (redis) => redis.cluster('GETKEYSINSLOT', slot, 100)) as Promise<string[]>;
  const owners = await Promise.all(nodes.map(keysOn));
  const source = nodes[owners.findIndex((keys) => keys.length > 0)] as Node & { id: string };
  const target = nodes.find((node) => node !== source) as Node & { id: string };
  const move = (names: string[]) =>
    admin(source, (redis) =>
      redis.migrate(target.host, target.port, '', 0, 2000, 'KEYS', ...names),
    );

  await admin(target, (redis) => redis.cluster('SETSLOT', slot, 'IMPORTING', source.id));
  await admin(source, (redis) => redis.cluster('SETSLOT', slot, 'MIGRATING', target.id));
  t.true(await found(space, 'a'), 'nothing has moved yet');
  await move(['sp:s:{p}:e:a']);
  t.true((await found(space, 'a')) && (await found(space, 'b')), 'half of it has moved');
  const torn = space.commit({
    id: 'torn',
    put: [...put('a'), ...put('b')],
    count: [{ key: key('n'), add: 1 }],
  });
  await move(await keysOn(source));
  t.is((await space.hit([window]))[0]?.count, 2, 'all of it has moved');
  for (const node of [target, source, ...nodes]) {
    await admin(node, (redis) => redis.cluster('SETSLOT', slot, 'NODE', target.id));
  }
  t.true((await torn).ok, 'a commit over both halves waits until the move is over');
  t.deepEqual(await space.counters([key('n')]), [2]);
  t.is((await space.hit([window]))[0]?.count, 3);
  t.true((await space.commit({ put: put('c') })).ok);
});

interface Node {
  readonly host: string;
  readonly port: number;
}
