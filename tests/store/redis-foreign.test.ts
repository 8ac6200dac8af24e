import type { Key, Space } from '@sallyport/store';
import { openRedisStore } from '@sallyport/store/redis';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { runs } from '../world/deep.ts';
import { testWith } from '../world/needs.ts';
import { startRedis } from '../world/redis.ts';

const test = testWith('redis-server');
const server = await startRedis();
test.after.always(() => server[Symbol.asyncDispose]());

const REFUSED = new Set(['SP_ERR_STORE_DAMAGED', 'SP_ERR_STORE_FORMAT']);
const K: Key = ['p', 'k'];
const value = Buffer.from('value');
const message = { id: '1', subject: 's', body: value };

async function setUp() {
  await using stack = new AsyncDisposableStack();
  const redis = new Redis({ host: server.host, port: server.port });
  stack.defer(() => redis.disconnect());
  const { host, port } = server;
  const store = stack.use(await openRedisStore({ mode: 'single', host, port, prefix: 'sp' }));
  let n = 0;
  const fresh = () => {
    n += 1;
    const name = `f-${process.pid}-${n}-${Math.random().toString(36).slice(2, 8)}`;
    return { space: store.space(name), at: (rest: string) => `sp:${name}:{p}:${rest}` };
  };
  const owned = stack.move();
  return { redis, fresh, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** What our own bytes may become: anything, or ours with something changed, cut off or put behind. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 64, size: 'max' }),
  fc
    .uint8Array({ maxLength: 40, size: 'max' })
    .map((rest) => Uint8Array.from([0x53, 0x50, ...rest])),
  fc
    .uint8Array({ maxLength: 40, size: 'max' })
    .map((rest) => Uint8Array.from([0x53, 0x4f, 1, ...rest])),
  fc
    .uint8Array({ maxLength: 40, size: 'max' })
    .map((rest) => Uint8Array.from([0x53, 0x49, 1, ...rest])),
  fc.string({ maxLength: 20 }).map((text) => Buffer.from(text)),
  fc
    .constantFrom('1 2', '-1', '1e9', '99999999999999999', '1:', ':', '0x10', ' 1')
    .map((text) => Buffer.from(text)),
);

/** Every verb that looks at the key of this kind. */
const readers: Record<string, (space: Space) => Promise<unknown>> = {
  e: (space) => space.get([K]),
  'e:checked': (space) => space.commit({ check: [{ key: K, version: undefined }] }),
  c: (space) => space.counters([K]),
  'c:added to': (space) => space.commit({ count: [{ key: K, add: 1 }] }),
  'w:1000': (space) => space.hit([{ key: K, periodMs: 1000, limit: 1 }]),
  l: (space) => space.lease(K, 1000),
  'l:checked': (space) => space.commit({ check: [{ lease: K, token: 1 }] }),
  f: (space) => space.lease(K, 1000),
  i: (space) => space.commit({ id: 'k', partition: 'p' }),
  m: (space) => space.commit({ partition: 'p', outbox: [message] }),
};

test('bytes that somebody else wrote at our keys are refused by name or read as what they are, never a crash', async (t) => {
  await using world = await setUp();
  const refusals = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.keys(readers)), bytes, async (reader, written) => {
      const { space, at } = world.fresh();
      const kind = reader.replace(/:[a-z ]+$/, '');
      await world.redis.set(at(kind === 'm' ? 'm' : `${kind}:k`), Buffer.from(written));
      const error = await readers[reader]?.(space).then(
        () => undefined,
        (reason: { code: string }) => reason,
      );
      if (error === undefined) return;
      if (!REFUSED.has(error.code)) throw error;
      refusals.set(reader, (refusals.get(reader) ?? 0) + 1);
    }),
    runs(400),
  );
  // A mark of foreign bytes only means that the partition is named again; a lease of them, that it isn't held.
  const expected = Object.keys(readers).filter(
    (reader) => reader !== 'm' && reader !== 'l:checked',
  );
  t.deepEqual([...refusals.keys()].toSorted(), expected.toSorted());
});

test('random bytes are never taken for a record of ours', async (t) => {
  await using world = await setUp();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 100, size: 'max' }), async (written) => {
      const { space, at } = world.fresh();
      await world.redis.set(at('e:k'), Buffer.from(written));
      await t.throwsAsync(() => space.get([K]), { code: 'SP_ERR_STORE_DAMAGED' });
      await t.throwsAsync(() => space.get([K, ['p', 'other']]), { code: 'SP_ERR_STORE_DAMAGED' });
    }),
    runs(100),
  );
});

test('a record of a later layout is refused as such, and stays as it is', async (t) => {
  await using world = await setUp();
  const { space, at } = world.fresh();
  const later = Buffer.concat([Buffer.from([0x53, 0x50, 2, 0, 1]), Buffer.alloc(30)]);
  await world.redis.set(at('e:k'), later);
  await t.throwsAsync(() => space.get([K]), {
    code: 'SP_ERR_STORE_FORMAT',
    message: /\["p","k"\] has layout 2, known is 1/,
  });
  await t.throwsAsync(
    () => space.commit({ check: [{ key: K, version: undefined }], delete: [K] }),
    { code: 'SP_ERR_STORE_FORMAT' },
  );
  t.true(later.equals((await world.redis.getBuffer(at('e:k'))) as Buffer));
});

test('keys of foreign types make a commit fail before it has done anything', async (t) => {
  await using world = await setUp();
  const foreign: Record<string, (key: string) => Promise<unknown>> = {
    string: (key) => world.redis.set(key, 'x'),
    list: (key) => world.redis.rpush(key, 'x'),
    hash: (key) => world.redis.hset(key, 'x', 'y'),
    'sorted set': (key) => world.redis.zadd(key, 1, 'x'),
  };
  const kinds = {
    'c:k': 'string',
    'x:k': 'sorted set',
    'y:k': 'sorted set',
    o: 'list',
    m: 'string',
    'i:id': 'string',
  };
  const registry = { r: 'sorted set' };
  for (const [kind, own] of Object.entries({ ...kinds, ...registry })) {
    for (const type of Object.keys(foreign).filter((each) => each !== own)) {
      const { space, at } = world.fresh();
      await foreign[type]?.(kind === 'r' ? at('r').replace('{p}', '{outbox}') : at(kind));
      await t.throwsAsync(
        () =>
          space.commit({
            id: 'id',
            put: [{ key: ['p', 'a'], value, format: 1 }],
            count: [
              { key: ['p', 'b'], add: 1 },
              { key: K, add: 1 },
            ],
            index: [
              { index: ['p', 'j'], add: 'm', score: 1 },
              { index: K, add: 'm', score: 1 },
            ],
            outbox: [message],
          }),
        { code: 'SP_ERR_STORE_DAMAGED' },
        `a ${type} at ${kind}`,
      );
      t.deepEqual(await space.get([['p', 'a']]), [undefined], `a ${type} at ${kind}`);
      t.deepEqual(await space.counters([['p', 'b']]), [0], `a ${type} at ${kind}`);
      t.deepEqual(await space.range(['p', 'j']), [], `a ${type} at ${kind}`);
    }
  }
});

test('an outbox entry of foreign bytes is refused, and holds up no other partition', async (t) => {
  await using world = await setUp();
  const { space, at } = world.fresh();
  await space.commit({ partition: 'p', outbox: [message] });
  await world.redis.lset(at('o'), 0, 'foreign');
  await space.commit({ partition: 'q', outbox: [message] });
  const claim = () => space.outbox.claim({ limit: 10, claimMs: 60_000 });
  await t.throwsAsync(claim, { code: 'SP_ERR_STORE_DAMAGED', message: /partition "p"/ });
  t.is((await claim())?.partition, 'q');
});

test('a message of which bytes are missing, or that has too many, is refused', async (t) => {
  await using world = await setUp();
  const whole = { ...message, headers: { a: 'b' } };
  const cut = fc.record({ keep: fc.nat({ max: 40 }), more: fc.uint8Array({ maxLength: 3 }) });
  await fc.assert(
    fc.asyncProperty(cut, async ({ keep, more }) => {
      const { space, at } = world.fresh();
      await space.commit({ partition: 'p', outbox: [whole] });
      const stored = (await world.redis.lindexBuffer(at('o'), 0)) as Buffer;
      const damaged = Buffer.concat([stored.subarray(0, keep), more]);
      await world.redis.lset(at('o'), 0, damaged);
      const claim = () => space.outbox.claim({ limit: 1, claimMs: 60_000 });
      // Of the same length it may be another message just as well.
      if (damaged.length === stored.length) return;
      await t.throwsAsync(claim, { code: 'SP_ERR_STORE_DAMAGED' });
    }),
    runs(60),
  );
});
