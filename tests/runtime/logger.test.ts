import { execFile } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  createLogger,
  DeadlineError,
  descriptorSink,
  type LogFields,
  ManualClock,
  Secret,
} from '@sallyport/runtime';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';
import { tempDir } from '../world/program.ts';
import { until } from '../world/until.ts';

const PASSWORD = 'correct-horse';

function logged(options: { level?: 'debug' | 'info' | 'warn' | 'error' } = {}) {
  const lines: string[] = [];
  const logger = createLogger({
    ...options,
    clock: new ManualClock(0),
    sink: { write: (line) => lines.push(line), flush: async () => {} },
  });
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> };
}

test('a line is JSON with level, time, message and fields', (t) => {
  const { logger, lines } = logged();
  logger.info('started', { port: 8443 });
  t.deepEqual(lines, [
    '{"level":"info","time":"1970-01-01T00:00:00.000Z","port":8443,"msg":"started"}\n',
  ]);
});

test('lines below the level are left out, and the level can change, in children too', (t) => {
  const { logger, lines } = logged({ level: 'warn' });
  const child = logger.child({ part: 'x' });
  logger.info('no');
  child.debug('no');
  logger.setLevel('debug');
  child.debug('yes');
  logger.error('yes');
  t.is(lines.length, 2);
});

test('a child bears its fields, and a field given again is in the line once', (t) => {
  const { logger, lines, last } = logged();
  logger.child({ part: 'x', n: 1 }).child({ n: 2 }).warn('m', { n: 3 });
  t.like(last(), { part: 'x', n: 3 });
  t.is(lines[0]?.match(/"n":/g)?.length, 1);
});

const nested = (value: unknown, depth: number): unknown =>
  depth === 0
    ? value
    : depth % 2 === 0
      ? { in: nested(value, depth - 1) }
      : [nested(value, depth - 1)];

for (const key of [
  ...[
    'password',
    'Password',
    'userPassword',
    'user_password',
    'passwd',
    'PASSPHRASE',
    'authorization',
  ],
  ...[
    'Proxy-Authorization',
    'cookie',
    'set-cookie',
    'Set-Cookie2',
    'token',
    'accessToken',
    'access_token',
  ],
  ...[
    'csrf-token',
    'secret',
    'clientSecret',
    'apikey',
    'apiKey',
    'X-API-Key',
    'key',
    'privateKey',
    'kek',
    'pin',
  ],
]) {
  test(`what stands under '${key}' is masked at any depth`, (t) => {
    const { logger, lines } = logged();
    for (let depth = 0; depth < 7; depth += 1) {
      logger.info('m', { a: nested({ [key]: PASSWORD }, depth) as LogFields });
    }
    logger.info('m', { [key]: { inner: [PASSWORD] } });
    logger.info('m', { map: new Map([[key, PASSWORD]]) });
    logger.info('m', { raw: ['host', 'x', key, PASSWORD], pair: [[key, PASSWORD]] });
    logger.child({ request: { headers: { [key]: PASSWORD } } }).info('m');
    logger.error('m', { error: Object.assign(new Error('x'), { request: { [key]: PASSWORD } }) });
    logger.error('m', { error: new Error('x', { cause: { [key]: PASSWORD } }) });
    t.is(lines.length, 13);
    t.false(lines.join('').includes(PASSWORD));
  });
}

test('keys that are only about a secret stay readable', (t) => {
  const { logger, last } = logged();
  const fields = {
    key_id: 'k1',
    tokenType: 'bearer',
    cookie_name: 'sid',
    monkey: 'm',
    pinned: 1,
    has: { password: true },
  };
  logger.info('m', fields);
  t.like(last(), fields);
});

test('credentials in URLs and in Authorization values are masked wherever they stand', (t) => {
  const { logger, lines } = logged();
  logger.info(`connecting to redis://user:${PASSWORD}@host:6379/0`, {
    url: new URL(`nats://a:${PASSWORD}@b`),
  });
  logger.info('m', {
    header: `Bearer ${PASSWORD}`,
    error: new Error(`refused redis://:${PASSWORD}@h`),
  });
  t.false(lines.join('').includes(PASSWORD));
  t.true(lines.join('').includes('host:6379/0'));
});

test('a Secret of the configuration and bytes are not written', (t) => {
  const { logger, lines, last } = logged();
  logger.info('m', {
    one: new Secret(PASSWORD),
    two: Buffer.from(PASSWORD),
    three: [new Secret(PASSWORD)],
  });
  t.false(lines.join('').includes(PASSWORD));
  t.like(last(), { one: '***', two: '(13 bytes)' });
});

test('an error is written with its code, its own fields and its chain of causes', (t) => {
  const { logger, last } = logged();
  const inner = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', port: 1 });
  logger.error('m', {
    error: new DeadlineError('too late', { cause: inner }),
    all: new AggregateError([inner], 'both'),
  });
  const { error, all } = last() as Record<string, { stack: string }>;
  t.like(error, {
    name: 'DeadlineError',
    message: 'too late',
    code: 'SP_ERR_DEADLINE',
    cause: { message: 'refused', code: 'ECONNREFUSED', port: 1 },
  });
  t.regex(error?.stack ?? '', /logger\.test/);
  t.like(all, { errors: { 0: { code: 'ECONNREFUSED' } } });
});

test('nothing in a message or field can end the line, forge another or change level and time', (t) => {
  const { logger, lines, last } = logged();
  logger.info('a\n{"level":"error","msg":"forged"}\r\u2028\u2029\u0085\u009b31m', {
    'k\n': 'v\n',
    level: 'error',
    time: 'x',
    msg: 'y',
    trace_id: 'z',
  });
  t.is(lines.length, 1);
  t.is(lines[0]?.split(/[\r\n\u2028\u2029\u0085]/).length, 2);
  t.notRegex(lines[0]?.slice(0, -1) ?? '', /\p{Cc}/u);
  t.like(last(), { level: 'info', level_: 'error', time: '1970-01-01T00:00:00.000Z', msg_: 'y' });
});

test('cycles, depth, breadth, getters that throw and odd values don’t break a line', (t) => {
  const { logger, lines } = logged();
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  let deep: unknown = 'bottom';
  for (let i = 0; i < 10_000; i += 1) deep = { deep };
  logger.info('m', { cycle, deep, wide: Array.from({ length: 100_000 }, (_, i) => i) });
  logger.info('m', {
    get: {
      get bad() {
        throw new Error('no');
      },
    },
    proxy: new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no');
        },
      },
    ),
    odd: [1n, Symbol('s'), () => {}, Number.NaN, new Date(Number.NaN), undefined, null],
    long: 'x'.repeat(100_000),
  });
  t.is(lines.length, 2);
  for (const line of lines) {
    t.notThrows(() => JSON.parse(line));
    t.true(line.length < 40_000, String(line.length));
  }
});

test('whatever is logged, it is one line of JSON without the password', (t) => {
  const { logger, lines } = logged();
  const anything = fc.anything({
    withMap: true,
    withSet: true,
    withBigInt: true,
    withDate: true,
    withNullPrototype: true,
    maxDepth: 5,
  });
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      anything,
      fc.string({ unit: 'binary' }),
      (message, value, key) => {
        lines.length = 0;
        logger.info(message, { [key]: value, deep: [{ password: `${PASSWORD}` }] });
        const parsed = JSON.parse(lines[0] ?? '') as { level: string };
        return (
          lines.length === 1 &&
          parsed.level === 'info' &&
          !lines[0]?.slice(0, -1).includes('\n') &&
          !lines[0]?.includes(PASSWORD)
        );
      },
    ),
    runs(1000),
  );
  t.pass();
});

test('everything written is flushed, in order', async (t) => {
  await using dir = await tempDir();
  const file = join(dir.path, 'log');
  const fd = openSync(file, 'w');
  const logger = createLogger({ sink: descriptorSink({ fd }) });
  for (let i = 0; i < 2000; i += 1) logger.info('m', { i });
  await logger.flush(AbortSignal.timeout(5000));
  closeSync(fd);
  const numbers = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { i: number }).i);
  t.deepEqual(
    numbers,
    Array.from({ length: 2000 }, (_, i) => i),
  );
});

test('a reader that stopped reading costs lines, which are counted, but neither time nor memory', async (t) => {
  await using dir = await tempDir();
  const path = join(dir.path, 'fifo');
  await promisify(execFile)('mkfifo', [path]);
  const { open, constants } = await import('node:fs/promises');
  await using reader = await open(path, constants.O_RDWR | constants.O_NONBLOCK);
  await using writer = await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
  const sink = descriptorSink({ fd: writer.fd, mostWaiting: 100_000 });
  const logger = createLogger({ sink });
  const began = performance.now();
  for (let i = 0; i < 5000; i += 1) logger.info('x'.repeat(100), { i });
  await logger.flush(AbortSignal.timeout(50));
  t.true(performance.now() - began < 5000);
  let text = '';
  const chunk = Buffer.alloc(65536);
  await until(async () => {
    const { bytesRead } = await reader
      .read(chunk, 0, chunk.length, null)
      .catch(() => ({ bytesRead: 0 }));
    text += chunk.toString('utf8', 0, bytesRead);
    return text.includes('log lines dropped') && text.endsWith('\n');
  });
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string; dropped?: number });
  const dropped = lines.reduce((sum, line) => sum + (line.dropped ?? 0), 0);
  t.true(dropped > 1000);
  t.is(dropped + lines.filter((line) => line.dropped === undefined).length, 5000);
});
