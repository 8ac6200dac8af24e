import type { OutboxClaim, Space, Store } from '@sallyport/store';
import { openRedisStore, type RedisStoreOptions } from '@sallyport/store/redis';
import { Redis } from 'ioredis';
import { testWith } from '../world/needs.ts';
import { startRedis, startRedisCluster } from '../world/redis.ts';
import { until } from '../world/until.ts';
import { type Gate, startRedisProxy } from './redis-proxy.ts';

const test = testWith('redis-server');

/** A Redis, and stores of it that reach it through a gate. */
interface World extends AsyncDisposable {
  open(gate?: Gate): Promise<{ store: Store } & AsyncDisposable>;
}

const common = { prefix: 'sp', commandTimeoutMs: 1_500 };

async function single(): Promise<World> {
  const server = await startRedis();
  return world([server], ([{ host, port }]) => ({ ...common, mode: 'single', host, port }), server);
}

async function cluster(): Promise<World> {
  const servers = await startRedisCluster();
  const { nodes } = servers;
  const options = (through: readonly [Address, ...Address[]]): RedisStoreOptions => ({
    ...common,
    mode: 'cluster',
    nodes: through,
    natMap: Object.fromEntries(nodes.map((n, i) => [`${n.host}:${n.port}`, through[i] as Address])),
  });
  return world(nodes, options, servers);
}

interface Address {
  readonly host: string;
  readonly port: number;
}

function world(
  nodes: readonly Address[],
  options: (through: readonly [Address, ...Address[]]) => RedisStoreOptions,
  servers: AsyncDisposable,
): World {
  return {
    async open(gate) {
      await using stack = new AsyncDisposableStack();
      let through = nodes;
      if (gate !== undefined) {
        const proxies = await Promise.all(nodes.map(startRedisProxy));
        for (const proxy of proxies) {
          stack.use(proxy);
          proxy.gate = gate;
        }
        through = proxies;
      }
      const store = await openRedisStore(options(through as [Address, ...Address[]]));
      stack.use(store);
      const owned = stack.move();
      return { store, [Symbol.asyncDispose]: () => owned.disposeAsync() };
    },
    [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
  };
}

const isScript = (piece: string) => /\r\neval(sha)?\r\n/.test(piece);
const claim = (space: Space, claimMs = 60_000) => space.outbox.claim({ limit: 10, claimMs });
const ids = (claimed: OutboxClaim | undefined) => claimed?.messages.map(({ id }) => id);
/** Commits a message and, with it, an entry of the same name. */
const send = (space: Space, id: string) =>
  space.commit({
    put: [{ key: ['p', id], value: Buffer.from(id), format: 1 }],
    outbox: [{ id, subject: 's', body: Buffer.from(id) }],
  });
let spaces = 0;
const freshName = () => {
  spaces += 1;
  return `outbox-${spaces}`;
};

/** The life of a process that sends, delivers and sends again; `said` is where it got. */
async function live(space: Space, said: string[]): Promise<void> {
  await send(space, 'a');
  const claimed = await claim(space, 300);
  said.push('ends');
  await claimed?.end(1);
  await send(space, 'b');
  said.push('done');
}

/** Lets a process die at its nth script, before it is run or before its answer is heard; then asks what was left. */
async function dieAt(here: World, n: number, heard: 'unsent' | 'unanswered') {
  let scripts = 0;
  let [counting, dead] = [false, false];
  const gate: Gate = (piece, from) => {
    if (counting && from === 'client' && isScript(piece)) scripts += 1;
    if (scripts === n && (heard === 'unsent' || from === 'server')) dead = true;
    return !dead;
  };
  const name = freshName();
  const said: string[] = [];
  {
    await using mortal = await here.open(gate);
    // Knows the scripts, so that each is sent once.
    await live(mortal.store.space(freshName()), []);
    counting = true;
    await live(mortal.store.space(name), said).catch((error: { code: string }) => {
      if (error.code !== 'SP_ERR_STORE_UNAVAILABLE') throw error;
    });
    counting = false;
  }
  await using heir = await here.open();
  const space = heir.store.space(name);
  const committed = await space.get([
    ['p', 'a'],
    ['p', 'b'],
  ]);
  const wanted = ['a', 'b'].filter((id, i) => {
    // What it began to end may be gone: it was delivered.
    return committed[i] !== undefined && !(id === 'a' && said.includes('ends'));
  });
  const seen = new Set<string>();
  const drain = async () => {
    for (let got = await claim(space); got !== undefined; got = await claim(space)) {
      for (const { id } of got.messages) seen.add(id);
      await got.end(got.messages.length);
    }
    return wanted.every((id) => seen.has(id));
  };
  const where = `dead at script ${n}, ${heard}, after ${said.join()}`;
  await until(drain, `${wanted.join()} are delivered; ${where}`);
  const uncommitted = ['a', 'b'].filter((id, i) => committed[i] === undefined && seen.has(id));
  return { where, uncommitted, done: said.includes('done') };
}

for (const [name, start, scripts] of [
  ['one server', single, 6],
  ['a cluster', cluster, 10],
] as const) {
  test(`on ${name}, whatever a process dies between, what it committed is delivered`, async (t) => {
    await using here = await start();
    const deaths = Array.from({ length: scripts + 1 }, (_, i) => i + 1).flatMap((n) => [
      dieAt(here, n, 'unsent'),
      dieAt(here, n, 'unanswered'),
    ]);
    const ends = await Promise.all(deaths);
    for (const { where, uncommitted } of ends) t.deepEqual(uncommitted, [], where);
    // So many scripts a life has: those who were to die after the last one didn't.
    t.is(ends.filter(({ done }) => done).length, 2);
  });

  test(`on ${name}, a reader who forgets a partition late doesn't forget what was sent meanwhile`, async (t) => {
    await using here = await start();
    const held = Promise.withResolvers<boolean>();
    const reached = Promise.withResolvers<void>();
    let ending = 0;
    await using slow = await here.open((piece, from) => {
      if (ending === 0 || from !== 'client' || !isScript(piece)) return true;
      ending += 1;
      // The first ends the claim, the second takes the partition out of the registry.
      if (ending < 3) return true;
      reached.resolve();
      return held.promise;
    });
    await using quick = await here.open();
    // Knows the scripts, so that each is sent once.
    await live(slow.store.space(freshName()), []);
    const name = freshName();
    const [ours, theirs] = [slow.store.space(name), quick.store.space(name)];
    await send(theirs, 'a');
    const claimed = await claim(ours);
    t.deepEqual(ids(claimed), ['a']);
    ending = 1;
    const ended = claimed?.end(1);
    await reached.promise;
    await send(theirs, 'b');
    held.resolve(true);
    t.true(await ended);
    t.deepEqual(ids(await claim(theirs)), ['b']);
  });
}

test('a writer who was held up after naming its partition names it again if a reader forgot it meanwhile', async (t) => {
  await using here = await cluster();
  const held = Promise.withResolvers<boolean>();
  const reached = Promise.withResolvers<void>();
  let scripts = 0;
  let counting = false;
  await using slow = await here.open((piece, from) => {
    if (!counting || from !== 'client' || !isScript(piece)) return true;
    scripts += 1;
    // Asked, named, and on its way to commit.
    if (scripts !== 3) return true;
    reached.resolve();
    return held.promise;
  });
  await using quick = await here.open();
  await send(slow.store.space(freshName()), 'warm');
  const name = freshName();
  const reader = quick.store.space(name);
  counting = true;
  const sent = send(slow.store.space(name), 'a');
  await reached.promise;
  t.is(await claim(reader), undefined, 'it finds the partition named, but empty, and forgets it');
  held.resolve(true);
  t.true((await sent).ok);
  t.is(scripts, 5, 'it was sent back to name its partition again');
  t.deepEqual(ids(await claim(reader)), ['a']);
});

test('a reader who finds a partition claimed looks again when the claim runs out, however long its own', async (t) => {
  await using server = await startRedis();
  const { host, port } = server;
  await using store = await openRedisStore({ ...common, mode: 'single', host, port });
  const space = store.space('busy');
  await send(space, 'a');
  t.deepEqual(ids(await claim(space, 600)), ['a']);
  const redis = new Redis({ host, port });
  // As a writer does who doesn't know any more that the partition is named.
  await redis.zadd('sp:busy:{outbox}:r', 0, 'p');
  redis.disconnect();
  t.is(await claim(space, 3_600_000), undefined);
  const again = await until(() => claim(space), 'the claim has run out', 3_000);
  t.deepEqual(ids(again), ['a']);
});

test('in a cluster a partition that is named already costs a commit no second trip', async (t) => {
  await using here = await cluster();
  let scripts = 0;
  await using counted = await here.open((piece, from) => {
    if (from === 'client' && isScript(piece)) scripts += 1;
    return true;
  });
  const space = counted.store.space(freshName());
  await send(space, 'a');
  scripts = 0;
  await send(space, 'b');
  t.is(scripts, 1);
  t.deepEqual(ids(await claim(space)), ['a', 'b']);
});
