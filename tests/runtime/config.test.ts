import {
  bytes,
  ConfigError,
  type ConfigInput,
  type ConfigSection,
  defineConfig,
  duration,
  findConfig,
  loadConfig,
  type Mistake,
  Secret,
  secret,
} from '@sallyport/runtime';
import test, { type ExecutionContext } from 'ava';
import { Type } from 'typebox';

const edge = defineConfig(
  'edge',
  Type.Object({
    https: Type.Object({
      host: Type.String({ default: '127.0.0.1' }),
      port: Type.Integer({ minimum: 0, maximum: 65535, default: 8443 }),
      names: Type.Array(Type.String(), { default: [] }),
    }),
    engine: Type.Union([Type.Literal('own'), Type.Literal('node')], { default: 'own' }),
    strict: Type.Boolean({ default: true }),
    share: Type.Number({ default: 0.5, minimum: 0, maximum: 1 }),
    max_staleness: duration({ default: '2s', min: '100ms', max: '1m' }),
    max_body: bytes({ default: '10MiB' }),
    token: Type.Optional(secret({ minLength: 8 })),
    labels: Type.Record(Type.String(), Type.String(), { default: {} }),
    store: Type.Union(
      [
        Type.Object({ kind: Type.Literal('sqlite'), path: Type.String({ default: 'data' }) }),
        Type.Object({ kind: Type.Literal('redis'), password: Type.Optional(secret()) }),
      ],
      { default: { kind: 'sqlite' } },
    ),
  }),
);

const SECRET = 'hunter2-hunter2';

function load(text: string, env: Record<string, string> = {}, files: Record<string, string> = {}) {
  return loadConfig({
    sections: [edge],
    others: ['auth'],
    files: text === '' ? [] : [{ name: 's.yaml', text }],
    env,
    readFile: async (path) => {
      const content = files[path];
      if (content === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return content;
    },
  });
}

async function mistakes<const S extends readonly ConfigSection[]>(
  t: ExecutionContext,
  loading: ReturnType<typeof loadConfig<S>>,
): Promise<readonly Mistake[]> {
  const error = await t.throwsAsync(loading, { instanceOf: ConfigError });
  t.notRegex(error.message + JSON.stringify(error.mistakes), /hunter2/);
  return error.mistakes;
}

test('without any input everything has its default', async (t) => {
  const { values } = await load('');
  t.deepEqual(values.edge, {
    https: { host: '127.0.0.1', port: 8443, names: [] },
    ...{ engine: 'own', strict: true, share: 0.5, max_staleness: 2000 },
    ...{ max_body: 10 * 1024 * 1024, labels: {}, store: { kind: 'sqlite', path: 'data' } },
  });
});

test('the environment overrides the file, which overrides the default, each by its type', async (t) => {
  const { values } = await load(
    'edge:\n  https: { port: 1, host: a.example }\n  share: 0.25\n  max_body: 64kB\n',
    {
      SALLYPORT_EDGE__HTTPS__PORT: '443',
      SALLYPORT_EDGE__HTTPS__NAMES: 'a.example, b.example',
      SALLYPORT_EDGE__STRICT: 'false',
      SALLYPORT_EDGE__ENGINE: 'node',
      SALLYPORT_EDGE__MAX_STALENESS: '1.5s',
      SALLYPORT_EDGE__LABELS: '{"zone": "a"}',
    },
  );
  t.deepEqual(values.edge.https, {
    host: 'a.example',
    port: 443,
    names: ['a.example', 'b.example'],
  });
  t.is(values.edge.strict, false);
  t.is(values.edge.share, 0.25);
  t.is(values.edge.engine, 'node');
  t.is(values.edge.max_staleness, 1500);
  t.is(values.edge.max_body, 64_000);
  t.deepEqual(values.edge.labels, { zone: 'a' });
});

test('all mistakes are reported at once, each with path, place, found and expected', async (t) => {
  const found = await mistakes(
    t,
    load(
      [
        'edge:',
        '  https:',
        '    port: 65536',
        '    hots: x',
        '  engine: nod',
        '  strict: yes',
        '  max_staleness: 5',
        '  max_body: huge',
        `  token: ${SECRET}`,
        '  store: { kind: etcd }',
        'egde: {}',
      ].join('\n'),
      { SALLYPORT_EDGE__SHARE: 'half', SALLYPORT_EDGE__LABELS__A: 'fine' },
    ),
  );
  t.deepEqual(found.map(({ path, where }) => `${path} ${where}`).sort(), [
    ...['edge.engine s.yaml:5', 'edge.https.hots s.yaml:4', 'edge.https.port s.yaml:3'],
    ...['edge.max_body s.yaml:8', 'edge.max_staleness s.yaml:7'],
    ...['edge.share SALLYPORT_EDGE__SHARE', 'edge.store.kind s.yaml:10'],
    ...['edge.strict s.yaml:6', 'edge.token s.yaml:9', 'egde s.yaml:11'],
  ]);
  const at = (path: string) => found.find((m) => m.path === path);
  t.like(at('edge.https.port'), {
    found: '65536 (a number)',
    expected: 'a whole number from 0 to 65535',
  });
  t.like(at('edge.https.hots'), { found: 'an unknown key', meant: 'host' });
  t.like(at('egde'), { meant: 'edge' });
  t.like(at('edge.engine'), { found: '"nod"', expected: '"own" or "node"' });
  t.like(at('edge.max_staleness'), { expected: 'a duration such as 30s from 100ms to 1m' });
  t.like(at('edge.token'), { found: '*** written out' });
  t.like(at('edge.store.kind'), { found: '"etcd"', expected: '"sqlite" or "redis"' });
});

test('a required key that nobody gave is reported', async (t) => {
  const section = defineConfig('mail', Type.Object({ from: Type.String() }));
  t.deepEqual(await mistakes(t, loadConfig({ sections: [section] })), [
    { path: 'mail.from', found: 'nothing', expected: 'text' },
  ]);
});

test('a secret comes by file or environment and is shown nowhere', async (t) => {
  for (const [text, env] of [
    ['edge: { token: "env:TOKEN" }', { TOKEN: SECRET }],
    ['edge: { token: "file:/run/token" }', {}],
    ['', { SALLYPORT_EDGE__TOKEN: SECRET }],
    ['', { SALLYPORT_EDGE__TOKEN: 'file:/run/token' }],
  ] as const) {
    const config = await load(text, env, { '/run/token': `${SECRET}\n` });
    const { token } = config.values.edge;
    t.true(token instanceof Secret);
    t.is(token?.reveal(), SECRET);
    const { inspect } = await import('node:util');
    const everywhere = [
      ...[config.show(), JSON.stringify(config), inspect(config, { depth: 9 }), `${token}`],
      ...[inspect(token, { showHidden: true }), String(Object.entries(token ?? {}))],
    ];
    t.false(everywhere.join().includes('hunter2'));
    t.regex(config.show(), /edge\.token = \*\*\*/);
  }
});

test('a secret that is too short, or whose reference leads nowhere, is a mistake without the secret in it', async (t) => {
  const short = await mistakes(t, load('', { SALLYPORT_EDGE__TOKEN: 'hunter2' }));
  t.like(short[0], { path: 'edge.token', found: '*** of 7 characters' });
  const unset = await mistakes(t, load('edge: { token: env:NOT_SET }'));
  t.like(unset[0], { found: 'env:NOT_SET, which is not set', where: 's.yaml:1' });
  const gone = await mistakes(t, load('edge: { token: file:/gone }'));
  t.like(gone[0], { found: "file:/gone, which can't be read (ENOENT)" });
  for (const wrong of ['[hunter2-hunter2]', '{a: hunter2}', '123456789', 'file:relative-hunter2']) {
    t.is((await mistakes(t, load(`edge: { token: ${wrong} }`))).length, 1);
  }
});

test('a secret in the wrong place is not printed either', async (t) => {
  const list = defineConfig('a', Type.Object({ keys: Type.Array(secret()) }));
  const maybe = defineConfig('a', Type.Object({ key: Type.Union([secret(), Type.Null()]) }));
  const yaml = (text: string) => [{ name: 's.yaml', text }];
  await mistakes(t, loadConfig({ sections: [list], files: yaml('a: { keys: hunter2 }') }));
  await mistakes(t, loadConfig({ sections: [list], files: yaml('a: { keys: [hunter2] }') }));
  await mistakes(t, loadConfig({ sections: [maybe], files: yaml('a: { key: hunter2 }') }));
  await mistakes(t, load('edge: { tokn: hunter2 }'));
  await mistakes(t, load('edge: { https: { port: env:PORT } }', { PORT: 'hunter2' }));
  await mistakes(t, load(`edge:\n  token: "hunter2\\q"`));
  await mistakes(t, load(`edge:\n  token: 'hunter2' hunter2`));
  await mistakes(t, load(`edge:\n  token: @hunter2`));
});

test('other values may be references too; what they lead to has the type of the schema and isn’t shown', async (t) => {
  const config = await load(
    'edge: { https: { port: env:PORT, host: "file:/host" } }',
    { PORT: '99' },
    {
      '/host': 'a.example\r\n',
    },
  );
  t.like(config.values.edge.https, { port: 99, host: 'a.example' });
  t.regex(config.show(), /edge\.https\.port = \*\*\* +# s\.yaml:1, env:PORT/);
});

test('show() prints every value with its origin', async (t) => {
  const config = await load(
    'edge:\n  max_staleness: 90s\n  labels: { url: "redis://u:hunter2@h" }'.replace('90s', '30s'),
    {
      SALLYPORT_EDGE__STRICT: 'false',
    },
  );
  const shown = config.show();
  t.regex(shown, /^edge\.https\.port = 8443 +# default$/m);
  t.regex(shown, /^edge\.strict = false +# SALLYPORT_EDGE__STRICT$/m);
  t.regex(shown, /^edge\.max_staleness = 30s +# s\.yaml:2$/m);
  t.notRegex(shown, /hunter2/);
});

test('later files are laid over earlier ones, lists replaced as a whole', async (t) => {
  const { values } = await loadConfig({
    sections: [edge],
    files: [
      { name: 'a.yaml', text: 'edge: { https: { port: 1, names: [a, b] } }' },
      { name: 'b.json', text: '{"edge": {"https": {"names": ["c"]}}}' },
    ],
  });
  t.like(values.edge.https, { port: 1, names: ['c'] });
});

test('the result can’t be changed', async (t) => {
  const { values } = await load('edge: { https: { names: [a] } }');
  t.throws(() => values.edge.https.names.push('b'), { instanceOf: TypeError });
  t.throws(
    () => {
      values.edge.store.kind = 'redis';
    },
    { instanceOf: TypeError },
  );
});

test('sections of other processes are left alone, their variables too', async (t) => {
  await t.notThrowsAsync(load('auth: { anything: [1] }', { SALLYPORT_AUTH__X__Y: '1' }));
  const found = await mistakes(t, load('', { SALLYPORT_AUHT__X: '1' }));
  t.like(found[0], { path: 'auht', meant: 'auth' });
});

test('variables without a double underscore are not ours to judge', async (t) => {
  await t.notThrowsAsync(
    load('', {
      SALLYPORT_CONFIG: 'x',
      SALLYPORT_EDGE_PORT: 'tcp://10.0.0.1:80',
      SALLYPORT_DEEP: '1',
    }),
  );
});

test('keys that mean something to JavaScript are refused, wherever they stand', async (t) => {
  for (const key of ['__proto__', 'constructor', 'prototype']) {
    for (const text of [
      `${key}: { polluted: 1 }`,
      `edge: { ${key}: { polluted: 1 } }`,
      `edge: { labels: { ${key}: x } }`,
      `edge: { "${key}": { polluted: 1 } }`,
    ]) {
      await mistakes(t, load(text));
    }
    await mistakes(t, load('', { SALLYPORT_EDGE__LABELS: `{"${key}": "x"}` }));
    await mistakes(t, load('', { [`SALLYPORT_EDGE__LABELS__${key.toUpperCase()}`]: 'x' }));
  }
  t.is(({} as { polluted?: unknown }).polluted, undefined);
});

test('a key given twice is a mistake', async (t) => {
  const found = await mistakes(t, load('edge:\n  strict: true\n  strict: false'));
  t.like(found[0], { path: 'edge.strict', where: 's.yaml:3' });
});

test('a value and something inside it can’t both be set by variables', async (t) => {
  const found = await mistakes(
    t,
    load('', { SALLYPORT_EDGE__STORE: '{}', SALLYPORT_EDGE__STORE__KIND: 'redis' }),
  );
  t.true(found.some((m) => m.where === 'SALLYPORT_EDGE__STORE__KIND'));
});

test('anchors and aliases work; a bomb made of them is refused quickly', async (t) => {
  const { values } = await load('edge:\n  labels: { a: &x one, b: *x }');
  t.deepEqual(values.edge.labels, { a: 'one', b: 'one' });
  const levels = Array.from(
    { length: 12 },
    (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(10)}]`,
  );
  const began = performance.now();
  await mistakes(t, load(`l0: &l0 [x]\n${levels.join('\n')}\nedge: *l12`));
  await mistakes(t, load('edge: &a { labels: *a }'));
  await mistakes(t, load('['.repeat(100_000)));
  await mistakes(t, load(`edge: ${'{a: '.repeat(5000)}1${'}'.repeat(5000)}`));
  await mistakes(t, load('x'.repeat(2 ** 20 + 1)));
  t.true(performance.now() - began < 20_000);
});

test('rules over several values are checked when each value fits by itself', async (t) => {
  const section = defineConfig(
    'bus',
    Type.Refine(
      Type.Object({
        workers: Type.Integer({ default: 2 }),
        kind: Type.String({ default: 'local' }),
      }),
      ({ workers, kind }) => kind !== 'local' || workers === 1,
      () => 'has one worker when the bus is local',
    ),
  );
  const found = await mistakes(t, loadConfig({ sections: [section] }));
  t.like(found[0], { path: 'bus', expected: 'that it has one worker when the bus is local' });
  const env = { SALLYPORT_BUS__KIND: 'nats' };
  t.is((await loadConfig({ sections: [section], env })).values.bus.workers, 2);
});

test('a schema whose keys have no name in the environment is refused where it is defined', (t) => {
  for (const key of ['maxBody', 'max-body', 'max__body', '_x', 'X']) {
    t.throws(() => defineConfig('a', Type.Object({ [key]: Type.String() })), {
      instanceOf: TypeError,
    });
  }
  t.throws(() => defineConfig('A-b', Type.Object({})), { instanceOf: TypeError });
  t.throws(() => duration({ default: 'soon' }), { instanceOf: TypeError });
});

test('durations and sizes are read and shown as people write them', async (t) => {
  const read = async (kind: 'max_staleness' | 'max_body', text: string) => {
    const section = defineConfig(
      'q',
      Type.Object({ max_staleness: duration({ default: '0' }), max_body: bytes({ default: '0' }) }),
    );
    const config = await loadConfig({
      sections: [section],
      files: [{ name: 'q', text: `q: { ${kind}: ${text} }` }],
    });
    return [config.values.q[kind], config.entries.find((e) => e.path === `q.${kind}`)?.shown];
  };
  t.deepEqual(await read('max_staleness', '1h30m'), [5_400_000, '90m']);
  t.deepEqual(await read('max_staleness', '0'), [0, '0']);
  t.deepEqual(await read('max_staleness', '250ms'), [250, '250ms']);
  t.deepEqual(await read('max_staleness', '1.5 s'), [1500, '1500ms']);
  t.deepEqual(await read('max_body', '10MiB'), [10_485_760, '10MiB']);
  t.deepEqual(await read('max_body', '1000'), [1000, '1kB']);
  t.deepEqual(await read('max_body', '"2048"'), [2048, '2KiB']);
  for (const wrong of [
    '5',
    '30',
    '-1s',
    '1m1h',
    '1s1s',
    'PT1S',
    '1y',
    's',
    '""',
    '1e3s',
    '9999999999999999s',
  ]) {
    await t.throwsAsync(read('max_staleness', wrong), { instanceOf: ConfigError }, wrong);
  }
  for (const wrong of ['10 mib', '-1', '1.5', '10Mb', '1B1MiB']) {
    await t.throwsAsync(read('max_body', wrong), { instanceOf: ConfigError }, wrong);
  }
});

test('the file is the one SALLYPORT_CONFIG names, else sallyport.yaml if there is one', async (t) => {
  const reader = (files: Record<string, string>) => async (path: string) => {
    const content = files[path];
    if (content === undefined) throw Object.assign(new Error('gone'), { code: 'ENOENT' });
    return content;
  };
  t.deepEqual(await findConfig({}, reader({})), []);
  t.deepEqual(await findConfig({}, reader({ 'sallyport.yaml': 'a: 1' })), [
    { name: 'sallyport.yaml', text: 'a: 1' },
  ]);
  t.deepEqual(await findConfig({ SALLYPORT_CONFIG: '/etc/x' }, reader({ '/etc/x': '' })), [
    { name: '/etc/x', text: '' },
  ]);
  await t.throwsAsync(
    findConfig({ SALLYPORT_CONFIG: '/etc/x' }, reader({ 'sallyport.yaml': '' })),
    {
      instanceOf: ConfigError,
      message: /\/etc\/x/,
    },
  );
  await t.throwsAsync(
    findConfig({}, () => Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' }))),
    { instanceOf: ConfigError },
  );
});

test('loadConfig’s result is typed by its sections', async (t) => {
  const input: ConfigInput<[typeof edge]> = { sections: [edge] };
  const port: number = (await loadConfig(input)).values.edge.https.port;
  t.is(port, 8443);
});
