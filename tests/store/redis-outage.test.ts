import { setTimeout as sleep } from 'node:timers/promises';
import { type Key, type Store, StoreUnavailableError } from '@sallyport/store';
import { openRedisStore, type RedisSingleOptions } from '@sallyport/store/redis';
import { Redis } from 'ioredis';
import { testWith } from '../world/needs.ts';
import { type RedisServer, startRedis } from '../world/redis.ts';
import { until } from '../world/until.ts';
import { startRedisProxy } from './redis-proxy.ts';

const test = testWith('redis-server');
const TIMEOUT = 400;
const key = (name: string): Key => ['p', name];
const value = Buffer.from('value');

const open = (server: { host: string; port: number }, more: Partial<RedisSingleOptions> = {}) =>
  openRedisStore({
    ...{ mode: 'single', host: server.host, port: server.port, prefix: 'sp' },
    ...{ commandTimeoutMs: TIMEOUT, ...more },
  });

/** Every verb, each changing something of its own. */
function verbs(store: Store): Record<string, () => Promise<unknown>> {
  const space = store.space('s');
  return {
    now: () => store.now(),
    get: () => space.get([key('a'), ['q', 'b']]),
    counters: () => space.counters([key('a')]),
    commit: () => space.commit({ put: [{ key: key('a'), value, format: 1 }] }),
    'commit with an id': () => space.commit({ id: 'i', count: [{ key: key('n'), add: 1 }] }),
    range: () => space.range(key('i')),
    hit: () => space.hit([{ key: key('w'), periodMs: 1000, limit: 1 }]),
    lease: () => space.lease(key('l'), 1000),
    claim: () => space.outbox.claim({ limit: 1, claimMs: 1000 }),
  };
}

/** How long each verb takes to reject with `StoreUnavailableError`, milliseconds, longest. */
async function longestRefusal(store: Store): Promise<number> {
  const times = Object.entries(verbs(store)).map(async ([name, verb]) => {
    const start = performance.now();
    const error = await verb().then(
      () => new Error(`${name} was answered`),
      (reason: unknown) => reason,
    );
    if (!(error instanceof StoreUnavailableError)) throw error;
    return performance.now() - start;
  });
  return Math.max(...(await Promise.all(times)));
}

async function answersAgain(store: Store): Promise<void> {
  for (const [name, verb] of Object.entries(verbs(store))) {
    const answered = () =>
      verb().then(
        () => true,
        (error: unknown) =>
          error instanceof StoreUnavailableError ? false : Promise.reject(error),
      );
    await until(answered, `${name} is answered again`);
  }
}

test('while Redis is down every verb rejects by its deadline, and answers again by itself when it is back', async (t) => {
  await using server = await startRedis();
  await using store = await open(server);
  await answersAgain(store);
  await server.kill();
  t.true((await longestRefusal(store)) < TIMEOUT + 200);
  await until(
    async () => (await longestRefusal(store)) < 50,
    'after a while nobody waits any more',
  );
  await server.restart();
  await answersAgain(store);
});

test('a Redis that is silent, though connected, is noticed by the deadline, and used again afterwards', async (t) => {
  await using server = await startRedis();
  await using store = await open(server);
  await answersAgain(store);
  server.program.child.kill('SIGSTOP');
  const refusal = await longestRefusal(store);
  t.true(refusal > TIMEOUT / 2 && refusal < TIMEOUT + 200, `${refusal} ms`);
  server.program.child.kill('SIGCONT');
  await answersAgain(store);
});

test('a Redis that answers, but too slowly, is not waited for beyond the deadline', async (t) => {
  await using server = await startRedis();
  await using proxy = await startRedisProxy(server);
  await using store = await open(proxy);
  await answersAgain(store);
  proxy.gate = async (_, from) => {
    if (from === 'client') await sleep(TIMEOUT / 2);
    return true;
  };
  // Each in a turn of its own, so that the answers come one by one: never silence, but a longer and longer queue.
  const ask = async () => {
    const start = performance.now();
    const answer = await store
      .space('s')
      .get([key('a')])
      .catch((error: unknown) => error);
    return { late: answer instanceof StoreUnavailableError, ms: performance.now() - start };
  };
  const asked: ReturnType<typeof ask>[] = [];
  for (let i = 0; i < 8; i += 1) {
    asked.push(ask());
    await new Promise((resolve) => setImmediate(resolve));
  }
  const all = await Promise.all(asked);
  const told = JSON.stringify(all);
  t.true(
    all.every(({ ms }) => ms < TIMEOUT + 200),
    told,
  );
  t.true(all[0]?.late === false && all[7]?.late === true, told);
});

test('a connection on which nothing comes back is replaced by another', async (t) => {
  await using server = await startRedis();
  await using proxy = await startRedisProxy(server);
  await using store = await open(proxy);
  let dead = true;
  // The first connection goes silent; the gate never opens for what is on it.
  const never = new Promise<boolean>(() => {});
  proxy.gate = () => (dead ? never : true);
  t.true((await longestRefusal(store)) < TIMEOUT + 200);
  dead = false;
  await answersAgain(store);
});

test('a commit whose answer was lost is applied once, asked again under its id by the store or by its caller', async (t) => {
  await using server = await startRedis();
  await using proxy = await startRedisProxy(server);
  await using store = await open(proxy);
  const space = store.space('s');
  await answersAgain(store);
  const lose = () => {
    let asked = false;
    proxy.gate = (piece, from) => {
      asked ||= from === 'client' && piece.includes('evalsha');
      const cut = asked && from === 'server';
      if (cut) proxy.gate = () => true;
      return !cut;
    };
  };
  lose();
  const once = { id: 'lost', count: [{ key: key('m'), add: 1 }] };
  const first = await space.commit(once);
  t.deepEqual(first, { ok: true, version: first.ok ? first.version : '', counters: [1] });
  t.deepEqual(await space.commit(once), first);

  lose();
  const unnamed = { count: [{ key: key('m'), add: 1 }] };
  await t.throwsAsync(() => space.commit(unnamed), { code: 'SP_ERR_STORE_UNAVAILABLE' });
  t.deepEqual(await space.counters([key('m')]), [2], 'applied, which nobody could know');

  lose();
  const window = { key: key('x'), periodMs: 600_000, limit: 9 };
  await t.throwsAsync(() => space.hit([window]), { code: 'SP_ERR_STORE_UNAVAILABLE' });
  t.is((await space.hit([{ ...window, cost: 0 }]))[0]?.count, 1, 'counted once');

  lose();
  const lease = await space.lease(key('y'), 60_000);
  t.truthy(lease, 'whose answer was lost holds the lease it took');
});

test('opening rejects when nobody is there, or goes on without, as it is told', async (t) => {
  await using server = await startRedis();
  await server.kill();
  await t.throwsAsync(() => open(server), {
    code: 'SP_ERR_STORE_UNAVAILABLE',
    message: new RegExp(`redis at 127.0.0.1:${server.port} .*ECONNREFUSED`),
  });
  await using store = await open(server, { unreachable: 'continue' });
  await longestRefusal(store);
  await server.restart();
  await answersAgain(store);
});

test('wrong credentials and denied commands are reported as such, not as an outage', async (t) => {
  await using server = await startRedis();
  await using admin = new Admin(server);
  await admin.redis.acl('SETUSER', 'reader', 'on', '>secret', '%R~sp:s:*', '+@all');
  const credentials = { username: 'reader', password: 'secret' };
  await t.throwsAsync(() => open(server, { ...credentials, password: 'wrong' }), {
    code: 'SP_ERR_STORE_ACCESS',
    message: /WRONGPASS/,
  });
  await using store = await open(server, credentials);
  const space = store.space('s');
  t.deepEqual(await space.get([key('a')]), [undefined]);
  t.deepEqual(await space.range(key('i')), [], 'reading an index needs no right to write');
  const put = [{ key: key('a'), value, format: 1 }];
  await t.throwsAsync(() => space.commit({ put }), {
    code: 'SP_ERR_STORE_ACCESS',
    message: /refuses evalsha: NOPERM/,
  });
  await t.throwsAsync(() => store.space('t').get([key('a')]), { code: 'SP_ERR_STORE_ACCESS' });
  await admin.redis.acl('SETUSER', 'half', 'on', '>secret', '~sp:*', '+@all', '-zadd');
  await using half = await open(server, { username: 'half', password: 'secret' });
  const index = [{ index: key('i'), add: 'm', score: 1 }];
  await t.throwsAsync(() => half.space('s').commit({ index }), { code: 'SP_ERR_STORE_ACCESS' });
  await using strange = await open(server);
  t.true((await strange.space('s').commit({ put })).ok);
  t.is((await space.get([key('a')]))[0]?.format, 1);
});

test('a full Redis refuses a commit whole, at once, and keeps answering reads', async (t) => {
  await using server = await startRedis();
  await using store = await open(server);
  await using admin = new Admin(server);
  const space = store.space('s');
  await space.commit({ put: [{ key: key('a'), value, format: 1 }] });
  await admin.redis.config('SET', 'maxmemory', '1');
  await t.throwsAsync(
    () =>
      space.commit({
        put: [{ key: key('b'), value, format: 1 }],
        count: [{ key: key('n'), add: 1 }],
      }),
    { code: 'SP_ERR_STORE_UNAVAILABLE', message: /OOM/ },
  );
  t.deepEqual(
    (await space.get([key('a'), key('b')])).map((entry) => entry?.format),
    [1, undefined],
  );
  t.deepEqual(await space.counters([key('n')]), [0]);
});

test('options that cannot work are refused before anything is connected', async (t) => {
  const nobody = { host: '127.0.0.1', port: 1 };
  const refused = { code: 'SP_ERR_STORE_ARGUMENT' };
  await t.throwsAsync(() => open(nobody, { prefix: 'a:b' }), refused);
  await t.throwsAsync(() => open(nobody, { prefix: '' }), refused);
  await t.throwsAsync(() => open(nobody, { commandTimeoutMs: 0 }), refused);
  const wait = { replicas: 1, timeoutMs: TIMEOUT };
  await t.throwsAsync(() => open(nobody, { wait }), refused, 'its answer would always be late');
  const empty = { mode: 'cluster', nodes: [], prefix: 'sp' } as const;
  await t.throwsAsync(() => openRedisStore(empty), refused);
});

class Admin implements AsyncDisposable {
  readonly redis: Redis;
  constructor({ host, port }: RedisServer) {
    this.redis = new Redis({ host, port });
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.redis.quit();
  }
}
