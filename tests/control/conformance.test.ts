import { randomUUID } from 'node:crypto';
import test from 'ava';
import { type Ask, embeddedWorld, startControl } from './control-world.ts';

async function openApi() {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await embeddedWorld());
  const instance = stack.use(
    await startControl({ space: world.space, bus: await world.connect() }),
  );
  const owned = stack.move();
  return { ask: instance.ask, instance, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const ID = '00000000-0000-4000-8000-00000000abcd';

/** Something of everything, to complain about. */
async function furnish(ask: Ask): Promise<void> {
  const made = [
    await ask('POST', '/services', { id: ID, name: 's', host: 's.example' }),
    await ask('POST', '/services/s/routes', { name: 'r', paths: ['/r'] }),
    await ask('POST', '/routes', { name: 'alone', paths: ['/alone'] }),
    await ask('POST', '/consumers', { username: 'bob', custom_id: 'b' }),
    await ask('POST', '/consumers/bob/key-auth', { key: 'bobs' }),
    await ask('POST', '/services/s/plugins', { name: 'key-auth', instance_name: 'door' }),
  ];
  for (const { status, text } of made) if (status !== 201) throw new Error(text);
}

const NOT_FOUND = { message: 'Not found' };
const schema = (message: string, fields: object) => ({
  ...{ message, name: 'schema violation', code: 2, fields },
});

/** Method, path, body → status and answer: Kong's shapes, numbers and texts. */
const REFUSALS: [string, string, unknown, number, unknown][] = [
  [
    'POST',
    '/services',
    {},
    400,
    schema('schema violation (host: required field missing)', { host: 'required field missing' }),
  ],
  [
    'POST',
    '/services',
    '',
    400,
    schema('schema violation (host: required field missing)', { host: 'required field missing' }),
  ],
  [
    ...(['POST', '/services', { port: 'x', host: 'a', retries: -1 }, 400] as const),
    schema('2 schema violations (port: expected an integer; retries: value must be >= 0)', {
      port: 'expected an integer',
      retries: 'value must be >= 0',
    }),
  ],
  [
    'POST',
    '/services',
    'host=a&port=80x',
    400,
    schema('schema violation (port: expected an integer)', { port: 'expected an integer' }),
  ],
  [
    'POST',
    '/services',
    { host: 'a', port: '80' },
    400,
    schema('schema violation (port: expected an integer)', { port: 'expected an integer' }),
  ],
  [
    'POST',
    '/services',
    [],
    400,
    schema('schema violation (@entity: expected a record)', { '@entity': ['expected a record'] }),
  ],
  [
    'POST',
    '/services',
    'url=nonsense',
    400,
    schema("schema violation (url: 'nonsense' is not an absolute URL)", {
      url: "'nonsense' is not an absolute URL",
    }),
  ],
  [
    ...(['POST', '/consumers', 'tags=a', 400] as const),
    schema(
      "schema violation (@entity: at least one of these fields must be non-empty: 'custom_id', 'username')",
      {
        '@entity': ["at least one of these fields must be non-empty: 'custom_id', 'username'"],
      },
    ),
  ],
  [
    ...(['POST', '/plugins', 'name=key-auth&config.hide_credentials=maybe', 400] as const),
    schema('schema violation (config.hide_credentials: expected a boolean)', {
      config: { hide_credentials: 'expected a boolean' },
    }),
  ],
  [
    ...(['POST', '/plugins', 'name=unheard', 400] as const),
    schema(
      "schema violation (name: plugin 'unheard' not enabled; known: key-auth, pipeline-auth, request-termination, session)",
      {
        name: "plugin 'unheard' not enabled; known: key-auth, pipeline-auth, request-termination, session",
      },
    ),
  ],
  [
    ...(['POST', '/consumers/bob/plugins', 'name=session', 400] as const),
    schema(
      'schema violation (consumer: value must be null: an authentication plugin has no consumer yet)',
      {
        consumer: 'value must be null: an authentication plugin has no consumer yet',
      },
    ),
  ],
  [
    'POST',
    '/consumers/bob/key-auth',
    { key_digest: 'x' },
    400,
    schema('schema violation (key_digest: unknown field)', { key_digest: 'unknown field' }),
  ],
  [
    'PATCH',
    '/services/s',
    { id: randomUUID() },
    400,
    schema(`schema violation (id: the entity's id is '${ID}' and stays)`, {
      id: `the entity's id is '${ID}' and stays`,
    }),
  ],
  [
    'POST',
    '/services',
    { id: ID, host: 'a' },
    400,
    {
      message: `primary key violation on key '{id="${ID}"}'`,
      name: 'primary key violation',
      code: 3,
      fields: { id: ID },
    },
  ],
  [
    ...([
      'POST',
      '/routes',
      { paths: ['/x'], service: { id: ID.replace('abcd', 'ffff') } },
      400,
    ] as const),
    {
      message: `the foreign key '{id="${ID.replace('abcd', 'ffff')}"}' in 'service' does not reference an existing 'services' entity`,
      ...{
        name: 'foreign key violation',
        code: 4,
        fields: { service: { id: ID.replace('abcd', 'ffff') } },
      },
    },
  ],
  [
    'DELETE',
    '/services/s',
    undefined,
    400,
    {
      message: "an existing 'routes' entity references this 'services' entity",
      name: 'foreign key violation',
      code: 4,
      fields: { '@referenced_by': 'routes' },
    },
  ],
  [
    'POST',
    '/consumers',
    'username=bob',
    409,
    {
      message: `UNIQUE violation detected on '{username="bob"}'`,
      name: 'unique constraint violation',
      code: 5,
      fields: { username: 'bob' },
    },
  ],
  [
    'POST',
    '/consumers/bob/key-auth',
    'key=bobs',
    409,
    {
      message: `UNIQUE violation detected on '{key="***"}'`,
      name: 'unique constraint violation',
      code: 5,
      fields: { key: '***' },
    },
  ],
  [
    ...(['POST', '/services/s/plugins', 'name=key-auth', 409] as const),
    {
      message: `UNIQUE violation detected on '{consumer=null,name="key-auth",route=null,service={id="${ID}"}}'`,
      ...{ name: 'unique constraint violation', code: 5 },
      fields: { name: 'key-auth', route: null, consumer: null, service: { id: ID } },
    },
  ],
  ['GET', '/services/none', undefined, 404, NOT_FOUND],
  ['GET', `/services/${randomUUID()}`, undefined, 404, NOT_FOUND],
  ['PATCH', '/services/none', 'host=a', 404, NOT_FOUND],
  ['GET', '/services/none/routes', undefined, 404, NOT_FOUND],
  ['POST', '/consumers/none/key-auth', '', 404, NOT_FOUND],
  ['GET', '/services/s/routes/alone', undefined, 404, NOT_FOUND],
  ['PATCH', '/services/s/routes/alone', { hosts: ['a'] }, 404, NOT_FOUND],
  ['GET', '/routes/alone/service', undefined, 404, NOT_FOUND],
  ['GET', '/nothing/like/this', undefined, 404, NOT_FOUND],
  ['POST', '/nothing', { a: 1 }, 404, NOT_FOUND],
  ['GET', '/schemas/unheard', undefined, 404, { message: "No entity named 'unheard'" }],
  ['GET', '/schemas/plugins/unheard', undefined, 404, { message: "No plugin named 'unheard'" }],
  ['DELETE', '/services', undefined, 405, { message: 'Method not allowed' }],
  ['POST', '/services/s', 'a=1', 405, { message: 'Method not allowed' }],
  ['DELETE', '/routes/r/service/', undefined, 405, { message: 'Method not allowed' }],
  ['POST', '/status', undefined, 405, { message: 'Method not allowed' }],
  [
    'GET',
    '/services?size=0',
    undefined,
    400,
    {
      message: 'size must be an integer between 1 and 1000',
      name: 'invalid size',
      code: 9,
      fields: { size: 'must be an integer between 1 and 1000' },
    },
  ],
  [
    'GET',
    '/services?size=1001',
    undefined,
    400,
    {
      message: 'size must be an integer between 1 and 1000',
      name: 'invalid size',
      code: 9,
      fields: { size: 'must be an integer between 1 and 1000' },
    },
  ],
  [
    'GET',
    '/services?offset=x',
    undefined,
    400,
    {
      message: "'x' is not a valid offset",
      name: 'invalid offset',
      code: 7,
      fields: { offset: 'not one that a list gave' },
    },
  ],
  [
    ...(['GET', '/services?tags=a,b/c', undefined, 400] as const),
    {
      message:
        'invalid option (tags: invalid filter syntax: expected tags joined by commas, or by slashes)',
      ...{ name: 'invalid options', code: 11 },
      options: { tags: 'invalid filter syntax: expected tags joined by commas, or by slashes' },
    },
  ],
];

test('everything that can be wrong is said in the agreed words', async (t) => {
  await using api = await openApi();
  await furnish(api.ask);
  for (const [method, path, body, status, answer] of REFUSALS) {
    const reply = await api.ask(method, path, body);
    t.is(reply.status, status, `${method} ${path} ${reply.text}`);
    t.deepEqual(reply.json, answer, `${method} ${path}`);
  }
});

test('bodies that are neither JSON nor a form are refused as agreed, and a GET has none', async (t) => {
  await using api = await openApi();
  const post = (type: string | undefined, body: string) =>
    api.ask('POST', '/consumers', body, type === undefined ? {} : { 'content-type': type });
  for (const type of ['text/plain', 'application/yaml', 'nonsense']) {
    const { status, text } = await post(type, 'username=a');
    t.deepEqual([status, text], [415, ''], type);
  }
  const broken = await post('application/json', '{"a":');
  t.deepEqual([broken.status, broken.json], [400, { message: 'Cannot parse JSON body' }]);
  const poison = await post('application/json', '{"username":"a","__proto__":{"tags":["x"]}}');
  t.is(poison.status, 400);
  const large = await post('application/json', `"${'x'.repeat(1_100_000)}"`);
  t.is(large.status, 413);
  t.is(large.json.message, 'Request body is too large');
  t.is((await api.ask('GET', '/consumers')).status, 200);
  t.deepEqual((await api.ask('GET', '/consumers')).json, { data: [], next: null });
});

test('an entity is read, changed, replaced and deleted by its id or its key', async (t) => {
  await using api = await openApi();
  await furnish(api.ask);
  for (const [path, key, patch] of [
    ['/services', 's', { retries: 1 }],
    ['/routes', 'r', { strip_path: false }],
    ['/consumers', 'bob', { custom_id: 'c' }],
    ['/plugins', 'door', { enabled: false }],
    ['/key-auths', 'bobs', { tags: ['t'] }],
  ] as const) {
    const byKey = await api.ask('GET', `${path}/${key}`);
    t.is(byKey.status, 200, path);
    const { id } = byKey.json;
    t.deepEqual((await api.ask('GET', `${path}/${id.toUpperCase()}/`)).json, byKey.json);
    const patched = await api.ask('PATCH', `${path}/${key}`, patch);
    t.is(patched.status, 200, patched.text);
    t.deepEqual(patched.json, { ...byKey.json, ...patch, updated_at: patched.json.updated_at });
  }
  const [bobs] = (await api.ask('GET', '/key-auths')).json.data;
  t.is((await api.ask('DELETE', '/plugins/door')).status, 204);
  t.is((await api.ask('DELETE', '/plugins/door')).status, 204, 'absent is deleted too');
  t.is((await api.ask('DELETE', '/services/none/routes/r')).status, 404);
  t.is((await api.ask('DELETE', '/services/s/routes/alone')).status, 204);
  t.is((await api.ask('GET', '/routes/alone')).status, 200, "another's isn't deleted");
  t.is((await api.ask('DELETE', '/consumers/bob')).status, 204);
  t.is((await api.ask('GET', `/key-auths/${bobs.id}`)).status, 404, 'keys go with their consumer');
});

test('PUT makes what is absent and replaces what is there, by key and by id', async (t) => {
  await using api = await openApi();
  const made = await api.ask('PUT', '/services/new', 'url=https://a.example/x');
  t.is(made.status, 200);
  t.deepEqual([made.json.name, made.json.port, made.json.path], ['new', 443, '/x']);
  const replaced = await api.ask('PUT', '/services/new', { host: 'b.example', name: 'ignored' });
  t.is(replaced.json.id, made.json.id);
  t.deepEqual(
    [replaced.json.name, replaced.json.protocol, replaced.json.path],
    ['new', 'http', null],
  );
  t.is(replaced.json.created_at, made.json.created_at);
  const byId = await api.ask('PUT', `/services/${ID.toUpperCase()}`, { name: 'other', host: 'c' });
  t.deepEqual([byId.status, byId.json.id], [200, ID]);
  t.is((await api.ask('PUT', `/services/${ID}`, { name: 'new', host: 'c' })).status, 409);

  const route = await api.ask('PUT', '/services/other/routes/put', { paths: ['/p'] });
  t.deepEqual(route.json.service, { id: ID });
  const service = await api.ask('PATCH', '/routes/put/service', { url: 'http://d.example:81' });
  t.deepEqual([service.json.id, service.json.host, service.json.port], [ID, 'd.example', 81]);
  t.deepEqual((await api.ask('GET', '/routes/put/service')).json, service.json);
});

test('references are written consumer.id or consumer_id, an anonymous consumer by id or name', async (t) => {
  await using api = await openApi();
  await furnish(api.ask);
  const { id } = (await api.ask('GET', '/consumers/bob')).json;
  for (const form of [
    `consumer.id=${id}`,
    `consumer_id=${id}`,
    `consumer[id]=${id.toUpperCase()}`,
  ]) {
    const reply = await api.ask('POST', '/plugins', `name=request-termination&${form}`);
    t.is(reply.status, 201, reply.text);
    t.deepEqual(reply.json.consumer, { id });
    t.is((await api.ask('DELETE', `/consumers/bob/plugins/${reply.json.id}`)).status, 204);
  }
  for (const anonymous of ['bob', id]) {
    const reply = await api.ask('PATCH', '/plugins/door', `config.anonymous=${anonymous}`);
    t.is(reply.json.config.anonymous, anonymous);
  }
  const cleared = await api.ask('PATCH', '/plugins/door', 'config.anonymous=');
  t.is(cleared.json.config.anonymous, null);
  t.deepEqual((await api.ask('GET', '/plugins/door/service')).json.name, 's');
});

test('a key is made when none is given, and shown in the answer that made it only', async (t) => {
  await using api = await openApi();
  await furnish(api.ask);
  const made = await api.ask('POST', '/consumers/bob/key-auth');
  t.regex(made.json.key, /^[A-Za-z0-9_-]{32}$/);
  const again = await api.ask('POST', '/consumers/bob/key-auth', { key: null });
  t.not(again.json.key, made.json.key);
  const read = await api.ask('GET', `/consumers/bob/key-auth/${made.json.key}`);
  t.is(read.json.id, made.json.id);
  t.false(Object.hasOwn(read.json, 'key'));
  const patched = await api.ask('PATCH', `/key-auths/${made.json.id}`, 'key=chosen&ttl=60');
  t.deepEqual([patched.status, patched.json.key, patched.json.ttl], [200, undefined, 60]);
  t.is((await api.ask('GET', '/key-auths/chosen')).json.id, made.json.id);
  t.is((await api.ask('GET', `/key-auths/${made.json.key}`)).status, 404);
  const put = await api.ask('PUT', '/consumers/bob/key-auth/by-path');
  t.deepEqual([put.status, put.json.key], [200, 'by-path']);
  t.is((await api.ask('GET', '/key-auths/by-path/consumer')).json.username, 'bob');
});

test('lists come in pages that changes between them neither repeat nor hide', async (t) => {
  await using api = await openApi();
  for (let i = 0; i < 7; i += 1) {
    const tags = [`n${i}`, i % 2 === 0 ? 'even' : 'odd', 'all'];
    await api.ask('POST', '/consumers', { username: `user-${i}`, custom_id: `c${i}`, tags });
  }
  const whole = (await api.ask('GET', '/consumers')).json;
  t.deepEqual([whole.data.length, whole.next, 'offset' in whole], [7, null, false]);
  const seen: string[] = [];
  let path: string | null = '/consumers?size=3';
  while (path !== null) {
    const { json } = await api.ask('GET', path);
    seen.push(...json.data.map(({ id }: { id: string }) => id));
    if (json.next !== null) {
      t.is(json.next, `/consumers?offset=${json.offset}&size=3`);
      // The last of this page goes: the next one begins behind where it was.
      await api.ask('DELETE', `/consumers/${seen.at(-1)}`);
    }
    path = json.next;
  }
  t.deepEqual(
    seen,
    whole.data.map(({ id }: { id: string }) => id),
  );

  const names = async (query: string) =>
    (await api.ask('GET', `/consumers?${query}`)).json.data.map(
      (c: { custom_id: string }) => c.custom_id,
    );
  const left = ((await names('size=1000')) as string[]).toSorted();
  t.is(left.length, 5);
  const even = left.filter((c) => Number(c[1]) % 2 === 0);
  t.deepEqual(((await names('tags=all,even')) as string[]).toSorted(), even);
  t.deepEqual(((await names('tags=even/odd')) as string[]).toSorted(), left);
  t.deepEqual(await names('tags=none'), []);
  t.deepEqual(await names(`custom_id=${left[0]}`), [left[0]]);
  const tagged = (await api.ask('GET', '/consumers?tags=all&size=2')).json;
  t.is(tagged.next, `/consumers?offset=${tagged.offset}&size=2&tags=all`);

  const tags = (await api.ask('GET', '/tags/all')).json.data;
  t.is(tags.length, 5);
  t.deepEqual(Object.keys(tags[0]), ['tag', 'entity_name', 'entity_id']);
  const first = (await api.ask('GET', '/tags?size=4')).json;
  const second = (await api.ask('GET', `${first.next.replace('size=4', 'size=1000')}`)).json;
  t.is(first.data.length + second.data.length, 15);
});

test('a list under another entity has its own members only, and its own address in next', async (t) => {
  await using api = await openApi();
  await furnish(api.ask);
  for (const name of ['r2', 'r3'])
    await api.ask('POST', '/services/s/routes', { name, paths: ['/x'] });
  const page = (await api.ask('GET', '/services/s/routes?size=2')).json;
  t.is(page.next, `/services/s/routes?offset=${page.offset}&size=2`);
  t.is((await api.ask('GET', page.next)).json.data.length, 1);
  t.is((await api.ask('GET', '/routes')).json.data.length, 4);
  t.is((await api.ask('GET', '/routes/r/plugins')).json.data.length, 0);
  await api.ask('POST', '/routes/r/plugins', 'name=key-auth');
  t.is((await api.ask('GET', '/routes/r/plugins')).json.data.length, 1);
});

test('the API tells what it is, which plugins there are, and what their fields are', async (t) => {
  await using api = await openApi();
  await furnish(api.ask);
  const root = (await api.ask('GET', '/')).json;
  t.is(root.version, '0.1.0');
  t.deepEqual(root.plugins.available_on_server['key-auth'], { priority: 1250 });
  t.deepEqual(root.plugins.enabled_in_cluster, ['key-auth']);
  t.deepEqual((await api.ask('GET', '/plugins/enabled')).json, {
    enabled_plugins: ['key-auth', 'pipeline-auth', 'request-termination', 'session'],
  });
  const status = (await api.ask('GET', '/status')).json;
  t.true(status.database.reachable);
  t.is(status.configuration.version, 6);
  const fields = Object.assign({}, ...(await api.ask('GET', '/schemas/services')).json.fields);
  t.deepEqual(fields.port, { type: 'integer', default: 80, between: [0, 65535], required: true });
  t.deepEqual(fields.protocol.one_of, ['http', 'https', 'tcp']);
  const keyFields = (await api.ask('GET', '/schemas/key-auths')).text;
  t.false(keyFields.includes('digest'));
  const [{ config }] = (await api.ask('GET', '/schemas/plugins/key-auth')).json.fields;
  t.is(config.type, 'record');
  t.deepEqual(Object.assign({}, ...config.fields).key_names.default, ['apikey']);
});

test('OPTIONS and refused methods say which methods there are', async (t) => {
  await using api = await openApi();
  const options = await api.ask('OPTIONS', '/services');
  t.deepEqual([options.status, options.headers.get('allow')], [204, 'HEAD, GET, POST, OPTIONS']);
  const refused = await api.ask('DELETE', '/services/');
  t.is(refused.headers.get('allow'), 'HEAD, GET, POST, OPTIONS');
  const head = await api.ask('HEAD', '/services');
  t.deepEqual([head.status, head.text], [200, '']);
});

test('the OpenAPI document has every path once, with what is written and answered', async (t) => {
  await using api = await openApi();
  const document = (await api.ask('GET', '/openapi.json')).json;
  t.is(document.openapi, '3.1.0');
  t.deepEqual(document, JSON.parse(JSON.stringify(api.instance.control.openapi())));
  for (const path of [
    ...['/services', '/services/{service}/routes', '/services/{service}/plugins'],
    ...['/routes/{route}/service', '/routes/{route}/plugins', '/consumers/{consumer}/plugins'],
    ...['/consumers/{consumer}/key-auth/{key_auth}', '/key-auths/{key_auth}', '/tags/{tag}'],
  ]) {
    t.truthy(document.paths[path]?.get, path);
  }
  t.false(Object.keys(document.paths).some((path) => path !== '/' && path.endsWith('/')));
  const post = document.paths['/services'].post;
  t.deepEqual(Object.keys(post.requestBody.content), [
    'application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
  ]);
  t.truthy(post.requestBody.content['application/json'].schema.properties.url);
  t.truthy(post.responses['201'].content['application/json'].schema.properties.port);
  t.false(JSON.stringify(document).includes('key_digest'));
  t.false(JSON.stringify(document).includes('"fault"'));
});

test('pipeline-auth is taken with its settings, as a form and as JSON, and refused what it lacks', async (t) => {
  await using api = await openApi();
  await api.ask('POST', '/services', 'name=demo&url=http://127.0.0.1:9');
  const form =
    'name=pipeline-auth&config.realm=demo&config.timeout=2000&config.hide_credentials=false';
  const made = await api.ask('POST', '/services/demo/plugins', form);
  t.is(made.status, 201, made.text);
  const config = { realm: 'demo', timeout: 2000, hide_credentials: false, anonymous: null };
  t.deepEqual(made.json.config, config);
  const changed = await api.ask('PATCH', `/plugins/${made.json.id}`, { config: { timeout: 100 } });
  t.deepEqual(changed.json.config, { ...config, timeout: 100 });
  const wrong = await api.ask('PATCH', `/plugins/${made.json.id}`, 'config.realm=a"b');
  t.is(wrong.status, 400);
  t.regex(wrong.json.message, /config\.realm: expected printable ASCII/);
});
