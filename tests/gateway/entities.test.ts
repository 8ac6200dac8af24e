import {
  consumers,
  describe,
  type EntityType,
  expandServiceUrl,
  keyAuthPlugin,
  keyAuths,
  keyExpired,
  pluginSchemas,
  pluginsWith,
  requestTerminationPlugin,
  routes,
  services,
} from '@sallyport/gateway';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';

const id = '0b1c2d3e-0000-4000-8000-000000000001';
const base = { id, created_at: 1, updated_at: 1 };
const plugins = pluginsWith(pluginSchemas([keyAuthPlugin, requestTerminationPlugin]));

/** Every complaint, those of single fields or, when there are none, those over several. */
function faultsOf(type: EntityType, input: Record<string, unknown>): Record<string, string> {
  const { value, faults } = type.validate({ ...base, ...input });
  return Object.keys(faults).length > 0 ? { ...faults } : { ...type.check(value as never) };
}

test('a service gets the defaults that Kong gives it', (t) => {
  t.deepEqual(services.validate({ ...base, host: 'up.example' }), {
    faults: {},
    value: {
      ...base,
      name: null,
      retries: 5,
      protocol: 'http',
      host: 'up.example',
      port: 80,
      path: null,
      connect_timeout: 60_000,
      write_timeout: 60_000,
      read_timeout: 60_000,
      tags: null,
      client_certificate: null,
      tls_verify: null,
      tls_verify_depth: null,
      ca_certificates: null,
      enabled: true,
    },
  });
});

test('a route gets the defaults that Kong gives it', (t) => {
  t.deepEqual(routes.validate({ ...base, paths: ['/a'] }).value, {
    ...base,
    name: null,
    protocols: ['http', 'https'],
    methods: null,
    hosts: null,
    paths: ['/a'],
    headers: null,
    snis: null,
    https_redirect_status_code: 426,
    regex_priority: 0,
    strip_path: true,
    preserve_host: false,
    path_handling: 'v0',
    request_buffering: true,
    response_buffering: true,
    service: null,
    tags: null,
  });
});

const refused: [
  title: string,
  type: EntityType,
  input: Record<string, unknown>,
  faults: Record<string, string>,
][] = [
  ['a service without a host', services, {}, { host: 'required field missing' }],
  ['a service with a null host', services, { host: null }, { host: 'required field missing' }],
  ['an unknown field', services, { host: 'a', hots: 'b' }, { hots: 'unknown field' }],
  [
    'a port out of range',
    services,
    { host: 'a', port: 65_536 },
    { port: 'value must be <= 65535' },
  ],
  ['a port that is text', services, { host: 'a', port: '80' }, { port: 'expected an integer' }],
  [
    'a protocol that does not exist',
    services,
    { host: 'a', protocol: 'ftp' },
    { protocol: 'expected one of: http, https, tcp' },
  ],
  [
    'a host with a space',
    services,
    { host: 'a b' },
    { host: 'expected a host name or an IP address' },
  ],
  [
    'a path without a slash',
    services,
    { host: 'a', path: 'x' },
    { path: "should start with '/' and hold path characters only" },
  ],
  [
    'a path with a line break',
    services,
    { host: 'a', path: '/x\r\nX: y' },
    { path: "should start with '/' and hold path characters only" },
  ],
  [
    'a client certificate on plain http',
    services,
    { host: 'a', client_certificate: { id } },
    { client_certificate: "value must be null unless protocol is 'https', and it is 'http'" },
  ],
  [
    'a reference that is no UUID',
    services,
    { host: 'a', protocol: 'https', client_certificate: { id: 'x' } },
    { 'client_certificate.id': 'expected a valid UUID' },
  ],
  [
    'a tag with a comma',
    services,
    { host: 'a', tags: ['ok', 'a,b'] },
    { 'tags.1': "invalid tag: expected printable characters except ',' and '/'" },
  ],
  [
    'a route that asks for nothing',
    routes,
    {},
    {
      '@entity':
        "must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'",
    },
  ],
  [
    'a route for http that asks for a server name only',
    routes,
    { protocols: ['http'], snis: ['a.b'] },
    {
      '@entity':
        "must set one of 'methods', 'hosts', 'headers', 'paths' when 'protocols' is 'http'",
    },
  ],
  [
    'a host with two wildcards',
    routes,
    { hosts: ['*.a.*'] },
    {
      'hosts.0':
        "invalid host: expected a name, or one with '*' as its first or last label, and an optional port",
    },
  ],
  [
    'a method in lower case',
    routes,
    { methods: ['get'] },
    { 'methods.0': 'invalid method: expected upper-case letters' },
  ],
  ['an empty list', routes, { paths: [] }, { paths: 'must have at least 1 elements' }],
  [
    'a path that is neither prefix nor expression',
    routes,
    { paths: ['x'] },
    { 'paths.0': "should start with '/' (a prefix) or '~/' (a regular expression)" },
  ],
  [
    'an expression that needs backtracking',
    routes,
    { paths: ['/ok', '~/a(?=b)'] },
    {
      'paths.1':
        "invalid regex '/a(?=b)': error parsing regexp: invalid or unsupported Perl syntax: `(?=` (RE2 syntax: no look-around, no back-references)",
    },
  ],
  [
    'a header without a name',
    routes,
    { headers: { '': ['a'] } },
    { 'headers.': 'expected header names as keys' },
  ],
  [
    'the host as a header',
    routes,
    { headers: { Host: ['a'] } },
    { 'headers.Host': "use 'hosts' to match the host" },
  ],
  [
    'pass-through without a server name',
    routes,
    { protocols: ['tls_passthrough'] },
    { snis: "required field missing: protocol is 'tls_passthrough'" },
  ],
  [
    'pass-through with a path',
    routes,
    { protocols: ['tls_passthrough'], snis: ['a.b'], paths: ['/'] },
    { paths: "value must be null when protocol is 'tls_passthrough'" },
  ],
  [
    'a consumer without a name',
    consumers,
    {},
    { '@entity': "at least one of these fields must be non-empty: 'custom_id', 'username'" },
  ],
  [
    'a consumer with a line break in its name',
    consumers,
    { username: 'a\nb' },
    { username: 'expected 1 to 512 printable characters' },
  ],
  [
    'a plugin that does not exist',
    plugins,
    { name: 'nope' },
    { name: "plugin 'nope' not enabled; known: key-auth, request-termination" },
  ],
  [
    'a plugin setting that is wrong',
    plugins,
    { name: 'key-auth', config: { key_names: [], x: 1 } },
    { 'config.key_names': 'must have at least 1 elements', 'config.x': 'unknown field' },
  ],
  [
    'an authentication plugin for one consumer',
    plugins,
    { name: 'key-auth', consumer: { id } },
    { consumer: 'value must be null: an authentication plugin has no consumer yet' },
  ],
  [
    'a credential in clear',
    keyAuths,
    { key: 'open_sesame', consumer: { id } },
    { key: 'unknown field', key_digest: 'required field missing' },
  ],
  [
    'many mistakes at once',
    services,
    {
      port: -1,
      retries: 1.5,
      protocol: 1,
      path: 2,
      tags: 'a',
      enabled: 'yes',
      read_timeout: 0,
      write_timeout: 'x',
      connect_timeout: null,
      nope: 1,
    },
    {
      nope: 'unknown field',
      host: 'required field missing',
      port: 'value must be >= 0',
      retries: 'expected an integer',
      protocol: 'expected one of: http, https, tcp',
      path: "should start with '/' and hold path characters only",
      tags: 'expected an array',
      enabled: 'expected a boolean',
      read_timeout: 'value must be >= 1',
      write_timeout: 'expected an integer',
      connect_timeout: 'required field missing',
    },
  ],
];

for (const [title, type, input, faults] of refused) {
  test(`refused with the field and the rule: ${title}`, (t) => {
    t.deepEqual(faultsOf(type, input), faults);
  });
}

test("a plugin's configuration gets the defaults of its schema", (t) => {
  t.deepEqual(
    plugins.validate({ ...base, name: 'key-auth', config: { key_names: ['k'] } }).value['config'],
    {
      key_names: ['k'],
      hide_credentials: false,
      anonymous: null,
      key_in_header: true,
      key_in_query: true,
      key_in_body: false,
      run_on_preflight: true,
      realm: null,
    },
  );
});

for (const [url, expected] of [
  [
    'http://mockbin.org/request',
    { protocol: 'http', host: 'mockbin.org', port: 80, path: '/request' },
  ],
  ['https://up.example', { protocol: 'https', host: 'up.example', port: 443, path: null }],
  ['http://up.example:8080/', { protocol: 'http', host: 'up.example', port: 8080, path: '/' }],
  ['ftp://a', { faults: { url: "expected http:// or https://, got 'ftp://'" } }],
  ['nonsense', { faults: { url: "'nonsense' is not an absolute URL" } }],
  ['http://u:p@a/', { faults: { url: 'credentials have no place here' } }],
  ['http://a/?q', { faults: { url: 'a query or fragment has no place here' } }],
  [7, { faults: { url: 'expected a string' } }],
] as const) {
  test(`the shorthand url ${JSON.stringify(url)} is read right`, (t) => {
    t.deepEqual(expandServiceUrl(url), expected as never);
  });
}

test('violations read as clients of Kong know them', (t) => {
  t.is(
    describe({ kind: 'schema', fields: { name: 'required field missing' } }),
    'schema violation (name: required field missing)',
  );
  t.is(
    describe({ kind: 'schema', fields: { b: 'x', a: 'y', '@entity': 'z' } }),
    '3 schema violations (@entity: z; a: y; b: x)',
  );
  t.is(
    describe({ kind: 'unique', fields: { username: 'bob' } }),
    `UNIQUE violation detected on '{username="bob"}'`,
  );
  t.is(
    describe({ kind: 'unique', fields: { name: 'x', route: null, service: { id: '1' } } }),
    `UNIQUE violation detected on '{name="x",route=null,service={id="1"}}'`,
  );
});

test('a credential expires when its seconds are over', (t) => {
  const { value } = keyAuths.validate({
    ...base,
    created_at: 100,
    consumer: { id },
    key_digest: 'a'.repeat(43),
    ttl: 10,
  });
  t.false(keyExpired(value as never, 109_999));
  t.true(keyExpired(value as never, 110_000));
});

test('no input, however strange, makes a validator throw; what it lets through it lets through again', (t) => {
  const types: EntityType[] = [services, routes, consumers, keyAuths, plugins];
  const names = fc.constantFrom(
    ...types.flatMap((type) => Object.keys(type.schema.properties)),
    '__proto__',
    'constructor',
  );
  const input = fc.oneof(
    fc.dictionary(names, fc.jsonValue()),
    fc.dictionary(
      names,
      fc.constantFrom<unknown>('http', '/a', ['/a'], ['~/('], id, { id }, 1, null, 'key-auth', {}),
    ),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(fc.nat(types.length - 1), input, (which, value) => {
      const type = types[which] as EntityType;
      const record = typeof value === 'object' && value !== null && !Array.isArray(value);
      const first = type.validate(record ? { ...value, ...base } : value);
      if (Object.keys(first.faults).length > 0) return;
      type.check(first.value as never);
      t.deepEqual(type.validate(first.value), first);
    }),
    runs(2000, 100_000),
  );
});
