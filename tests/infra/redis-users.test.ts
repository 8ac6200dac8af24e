import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { PURPOSES, type ServiceName } from '@sallyport/pki';
import type { Key, Space } from '@sallyport/store';
import { openRedisStore } from '@sallyport/store/redis';
import { Redis } from 'ioredis';
import { ACCESS } from '../../infra/redis/spaces.ts';
import { type RedisUser, redisUsers } from '../../infra/redis/users.ts';
import { testWith } from '../world/needs.ts';
import { tempDir } from '../world/program.ts';
import { startRedis } from '../world/redis.ts';
import { until } from '../world/until.ts';

const test = testWith('redis-server');
const SERVICES: readonly ServiceName[] = [
  'edge',
  'certs',
  'auth',
  'sessions',
  'actions',
  'control',
];
const passwordOf = (user: RedisUser) => `password-of-${user}`;
const everybody = (): Record<RedisUser, string> => ({
  edge: passwordOf('edge'),
  certs: passwordOf('certs'),
  auth: passwordOf('auth'),
  sessions: passwordOf('sessions'),
  actions: passwordOf('actions'),
  control: passwordOf('control'),
  operator: passwordOf('operator'),
  replica: passwordOf('replica'),
});

/** w: reads and writes. r: reads. p: reads the public half of a ring. -: nothing. Written down here a second time, by hand. */
const MATRIX = `
  space                   edge certs auth sessions actions control
  gateway                 r    r     r    -        -       w
  certs                   r    w     -    -        -       -
  acme                    -    w     -    -        -       -
  ca                      -    w     -    -        -       -
  sessions                r    -     -    w        -       -
  tickets                 r    -     -    w        -       -
  auth                    -    -     w    -        -       -
  bans                    r    -     w    -        -       -
  actions                 -    -     -    -        w       -
  scripts                 -    -     w    -        w       -
  control                 -    -     -    -        -       w
  keys-leaf-keys          r    w     -    -        -       -
  keys-acme-accounts      -    w     -    -        -       -
  keys-internal-ca        -    w     -    -        -       -
  keys-credentials        r    -     -    -        -       w
  keys-sessions           r    -     -    w        -       -
  keys-tickets            r    -     -    w        -       -
  keys-messages-actions   -    -     p    -        w       -
  keys-messages-auth      p    -     w    -        -       -
  keys-messages-certs     -    w     -    -        -       p
  keys-messages-edge      w    -     -    p        -       -
  keys-messages-sessions  p    -     -    w        -       -
  certs-and-more          -    -     -    -        -       -
  c                       -    -     -    -        -       -
`;

const [head, ...lines] = MATRIX.trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/));
const cells = lines.flatMap(([space = '', ...may]) =>
  may.map((letter, i) => ({ space, service: head?.[i + 1] as ServiceName, may: letter })),
);

async function startGuarded() {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await tempDir());
  const aclfile = join(dir.path, 'users.acl');
  await writeFile(aclfile, redisUsers({ passwords: everybody() }));
  const server = stack.use(await startRedis(['--aclfile', aclfile]));
  const { host, port } = server;
  const owned = stack.move();
  return {
    server,
    open: (username: RedisUser) =>
      openRedisStore({
        ...{ mode: 'single', host, port, prefix: 'sallyport' },
        ...{ username, password: passwordOf(username) },
      }),
    connect: (username?: RedisUser) =>
      new Redis({
        ...{ host, port, lazyConnect: true, enableReadyCheck: false, retryStrategy: () => null },
        ...(username === undefined ? {} : { username, password: passwordOf(username) }),
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const key: Key = ['ring', 'ring'];
const open: Key = ['ring', 'public'];
const body = Buffer.from('x');
const reads: Record<string, (space: Space) => Promise<unknown>> = {
  get: (space) => space.get([key]),
  'get of two': (space) => space.get([key, ['other', 'partition']]),
  counters: (space) => space.counters([key]),
  range: (space) => space.range(key, { after: { member: 'm', score: 1 } }),
};
/** Together they reach every command of every script. */
const writes: Record<string, (space: Space) => Promise<unknown>> = {
  commit: async (space) => {
    const changes = {
      check: [{ key, version: undefined }],
      put: [{ key: open, value: body, format: 1, ttlMs: 60_000 }],
      delete: [key],
      index: [
        { index: key, add: 'ends', score: 1, ttlMs: 60_000 },
        { index: ['ring', 'all'] as const, add: 'stays', score: 1 },
      ],
      count: [{ key, add: 1 }],
      outbox: [
        { id: '1', subject: 's', body },
        { id: '2', subject: 's', body },
      ],
    };
    const id = `${Math.random()}`;
    await space.commit({ ...changes, id });
    await space.commit({ ...changes, id });
  },
  hit: (space) => space.hit([{ key, periodMs: 1000, limit: 1 }]),
  lease: async (space) => {
    await using lease = await space.lease(key, 60_000);
    await lease?.renew();
    if (lease !== undefined) await space.commit({ check: [lease.check] });
  },
  'outbox.claim': async (space) => {
    const claim = await space.outbox.claim({ limit: 1, claimMs: 60_000 });
    await space.outbox.claim({ limit: 1, claimMs: 60_000 });
    await claim?.end(claim.messages.length);
    const rest = await space.outbox.claim({ limit: 1, claimMs: 60_000 });
    await rest?.end(rest.messages.length);
  },
};

const denied = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => false,
    (error: { code: string }) =>
      error.code === 'SP_ERR_STORE_ACCESS' ? true : Promise.reject(error),
  );

test('every service may do in every space what the table says, and nothing else', async (t) => {
  await using guarded = await startGuarded();
  for (const service of SERVICES) {
    await using store = await guarded.open(service);
    const own = cells.filter((cell) => cell.service === service);
    for (const { space, may } of own) {
      const at = store.space(space);
      for (const [name, read] of Object.entries(reads)) {
        t.is(await denied(read(at)), !/[rw]/.test(may ?? ''), `${service} ${name} ${space}`);
      }
      for (const [name, write] of Object.entries(writes)) {
        t.is(await denied(write(at)), may !== 'w', `${service} ${name} ${space}`);
      }
      t.is(await denied(at.get([open])), may === '-', `${service} public ${space}`);
      t.is(await denied(at.get([['rinG', 'public']])), !/[rw]/.test(may ?? ''));
      t.is(await denied(at.counters([open])), !/[rw]/.test(may ?? ''));
    }
  }
});

test('the table has every space there is, and no service twice in one', (t) => {
  const rows = ACCESS.map(({ service, space, may }) => `${service} ${space} ${may[0]}`);
  const wanted = cells
    .filter(({ may }) => may !== '-')
    .map(({ service, space, may }) => `${service} ${space} ${may}`);
  t.deepEqual(rows.toSorted(), wanted.toSorted());
  for (const purpose of Object.keys(PURPOSES)) {
    t.true(ACCESS.some(({ space }) => space === `keys-${purpose}`));
  }
});

test('no service has a command that the store does not use, with whatever keys', async (t) => {
  await using guarded = await startGuarded();
  const forbidden: [string, ...string[]][] = [
    ...(['FLUSHALL', 'FLUSHDB', 'KEYS *', 'SCAN 0', 'DBSIZE', 'RANDOMKEY'] as const),
    ...(['CONFIG GET *', 'ACL LIST', 'ACL WHOAMI', 'SHUTDOWN', 'MONITOR'] as const),
    ...([
      'SCRIPT FLUSH',
      'SCRIPT LOAD x',
      'FUNCTION LIST',
      'CLIENT LIST',
      'CLIENT KILL x',
    ] as const),
    ...([
      'PUBLISH c m',
      'SUBSCRIBE c',
      'REPLICAOF NO ONE',
      'PSYNC ? -1',
      'SAVE',
      'SWAPDB 0 1',
    ] as const),
    ...([
      'MIGRATE h 1 k 0 1',
      'CLUSTER RESET',
      'RENAME sallyport:certs:a b',
      'MODULE LIST',
    ] as const),
  ].map((line) => line.split(' ') as [string, ...string[]]);
  for (const service of SERVICES) {
    const redis = guarded.connect(service);
    await redis.connect();
    for (const [name, ...args] of forbidden) {
      await t.throwsAsync(
        () => redis.call(name, ...args),
        { message: /^NOPERM/ },
        `${service} ${name}`,
      );
    }
    redis.disconnect();
  }
  const edge = guarded.connect('edge');
  await edge.connect();
  for (const [name = '', ...args] of [
    ['SET', 'sallyport:certs:x', 'y'],
    ['DEL', 'sallyport:certs:x'],
    ['GET', 'sallyport:acme:x'],
    ['EVAL', 'return 1', '1', 'sallyport:certs:x'],
    ['EVAL', "redis.call('GET', 'sallyport:certs:x') return 1", '1', 'sallyport:acme:x'],
  ]) {
    await t.throwsAsync(() => edge.call(name, ...args), { message: /^NOPERM/ }, args.join(' '));
  }
  // Keys that a script doesn't declare are checked as it comes to them.
  for (const script of ["'SET', 'sallyport:certs:x', 'y'", "'GET', 'sallyport:acme:x'"]) {
    await t.throwsAsync(() => edge.eval(`return redis.call(${script})`, 0), {
      message: /can't access at least one of the keys/,
    });
  }
  edge.disconnect();
});

test('without a password nobody gets anything, nor with a wrong one, nor as the default user', async (t) => {
  await using guarded = await startGuarded();
  const { host, port } = guarded.server;
  // The client library would log in first.
  const nobody = connect(port, host);
  const say = async (line: string) => {
    nobody.write(`${line}\r\n`);
    const [chunk] = await once(nobody, 'data');
    return String(chunk);
  };
  for (const line of ['PING', 'INFO', 'GET sallyport:certs:x', 'EVAL "return 1" 0', 'HELLO 3']) {
    t.regex(await say(line), /^-NOAUTH/, line);
  }
  for (const password of ['""', 'default', passwordOf('operator')]) {
    t.regex(await say(`AUTH default ${password}`), /^-WRONGPASS/);
    t.regex(await say(`AUTH ${password}`), /^-(WRONGPASS|ERR)/);
  }
  t.is(await say(`AUTH certs ${passwordOf('certs')}`), '+OK\r\n');
  t.regex(await say('KEYS *'), /^-NOPERM/);
  await say('RESET');
  t.regex(await say('KEYS *'), /^-NO(AUTH|PERM)/);
  nobody.destroy();
  const liar = { mode: 'single', host, port, prefix: 'sallyport', username: 'edge' } as const;
  await t.throwsAsync(() => openRedisStore({ ...liar, password: passwordOf('certs') }), {
    code: 'SP_ERR_STORE_ACCESS',
  });
});

test('what services committed is there again after redis-server was killed and started', async (t) => {
  await using guarded = await startGuarded();
  const put = { key, value: body, format: 1 };
  {
    await using store = await guarded.open('certs');
    const index = [{ index: ['ring', 'all'] as const, add: 'member', score: 1 }];
    t.true(
      (await store.space('certs').commit({ put: [put], index, count: [{ key: open, add: 7 }] })).ok,
    );
  }
  await guarded.server.kill();
  await guarded.server.restart();
  await using store = await guarded.open('certs');
  const certs = store.space('certs');
  const [found] = await certs.get([key]);
  t.deepEqual(found?.value, body);
  t.deepEqual(await certs.counters([open]), [7]);
  t.is((await certs.range(['ring', 'all'], {})).length, 1);
  t.notRegex(guarded.server.program.output(), /CRITICAL|NOPERM/);
});

test('the operator may do everything, and a replica follows as its own user', async (t) => {
  await using guarded = await startGuarded();
  const { host, port } = guarded.server;
  await using replica = await startRedis([
    ...['--replicaof', host, String(port), '--masteruser', 'replica'],
    ...['--masterauth', passwordOf('replica')],
  ]);
  const operator = guarded.connect('operator');
  await operator.set('anything', 'x');
  const follower = new Redis({ host: replica.host, port: replica.port });
  await until(async () => (await follower.get('anything')) === 'x', 'the replica follows');
  follower.disconnect();
  operator.disconnect();
  const refused = guarded.connect('replica');
  await refused.connect();
  await t.throwsAsync(() => refused.get('anything'), { message: /^NOPERM/ });
  refused.disconnect();
});

test('whoever writes may call what the scripts call, so that none is stopped half-way', async (t) => {
  const folder = new URL('../../libs/store/src/redis/scripts/', import.meta.url);
  const called = new Set<string>();
  for (const file of await readdir(folder)) {
    const text = await readFile(new URL(file, folder), 'utf8');
    for (const [, name = ''] of text.matchAll(/redis\.p?call\('([A-Z]+)'/g)) called.add(name);
  }
  t.true(called.size > 20);
  const certs =
    redisUsers({ passwords: everybody() })
      .match(/^user certs .*$/m)?.[0]
      .split(' ') ?? [];
  for (const name of called) t.true(certs.includes(`+${name.toLowerCase()}`), name);
});

test('the file has digests of passwords, not passwords, and refuses what would weaken it', (t) => {
  const text = redisUsers({ prefix: 'a.b', passwords: { edge: passwordOf('edge') } });
  t.false(text.includes(passwordOf('edge')));
  t.regex(text, /^user edge on #[0-9a-f]{64} resetchannels %R~a\.b:gateway:\* /m);
  t.false(/^user certs/m.test(text), 'who has no password has no user');
  const refused = { code: 'SP_ERR_REDIS_USERS' };
  t.throws(() => redisUsers({ prefix: '*', passwords: {} }), refused);
  t.throws(() => redisUsers({ prefix: 'a b', passwords: {} }), refused);
  t.throws(() => redisUsers({ passwords: { edge: 'short' } }), refused);
});
