import { type Decoded, decodeBody, type FormValue, typedBy } from '@sallyport/control';
import { keyAuthPlugin, routes, services, sessionPlugin } from '@sallyport/gateway';
import test from 'ava';
import fc from 'fast-check';
import type { TSchema } from 'typebox';
import { runs } from '../world/deep.ts';

const FORM = 'application/x-www-form-urlencoded';
const decode = (type: string | undefined, text: string) => decodeBody(type, Buffer.from(text));
const refused = (message: string) => ({ ok: false, status: 400, message });

async function formOf(text: string): Promise<FormValue> {
  const decoded = await decode(FORM, text);
  if (!decoded.ok) throw new Error(decoded.message);
  return decoded.value as FormValue;
}

for (const [text, value] of [
  ['', {}],
  ['name=a', { name: 'a' }],
  ['name', { name: '' }],
  ['a.b=1&a.c=2', { a: { b: '1', c: '2' } }],
  ['a[b]=1', { a: { b: '1' } }],
  ['a[b.c]=1', { a: { 'b.c': '1' } }],
  ['paths[]=/x', { paths: ['/x'] }],
  ['paths%5B%5D=/x&paths%5b%5d=/y', { paths: ['/x', '/y'] }],
  ['paths[2]=/y&paths[1]=/x', { paths: ['/x', '/y'] }],
  ['paths=/x&paths=/y', { paths: ['/x', '/y'] }],
  ['config.key_names[]=k', { config: { key_names: ['k'] } }],
  ['a[1].b=x&a[2][b]=y', { a: [{ b: 'x' }, { b: 'y' }] }],
  ['m=100% sure+now%21', { m: '100% sure now!' }],
  ['m=%C3%BC=&&', { m: 'ü=' }],
  ['a[b=1', { 'a[b': '1' }],
  ['.a=1', { '.a': '1' }],
  [
    'config.message=So long and thanks for all the fish!',
    { config: { message: 'So long and thanks for all the fish!' } },
  ],
] as const) {
  test(`the form ${text} is read right`, async (t) => {
    t.deepEqual(await formOf(text), value as never);
  });
}

for (const [type, text, expected] of [
  ['application/json', '{', refused('Cannot parse JSON body')],
  ['application/json', '\ufeff{}', { ok: true, form: false, value: {} }],
  ['application/json; charset=utf-8', '{"a":"1"}', { ok: true, form: false, value: { a: '1' } }],
  ['application/json', '{"a":{"__proto__":{}}}', refused("'__proto__' is not a name for a field")],
  ['application/json', `${'['.repeat(40)}${']'.repeat(40)}`, refused('nested deeper than 32')],
  ['application/json', '['.repeat(300_000), refused('Cannot parse JSON body')],
  [FORM, '__proto__.a=1', refused("'__proto__' is not a name for a field")],
  [FORM, 'a[__proto__]=1', refused("'__proto__' is not a name for a field")],
  [FORM, 'a=%ff', refused('Cannot parse form body')],
  [
    FORM,
    'a=1&a.b=2',
    refused('Cannot parse form body: a field is a record and a list or text at the same time'),
  ],
  [
    FORM,
    'a=&'.repeat(1001),
    refused('Cannot parse form body: 1001 fields, the most allowed is 1000'),
  ],
  ['multipart/form-data', 'x', refused('Cannot parse form body')],
  ['multipart/form-data; boundary=b', '--b\r\n', refused('Cannot parse form body')],
  ['text/plain', 'a=1', { ok: false, status: 415 }],
  [undefined, 'a=1', { ok: false, status: 415 }],
  [undefined, '', { ok: true, form: true, value: {} }],
] as [string | undefined, string, Decoded][]) {
  test(`a body of type ${type}, ${text.length} long, ${text.slice(0, 30)}, is answered as agreed`, async (t) => {
    t.deepEqual(await decode(type, text), expected);
  });
}

test('bytes that are no UTF-8 are no JSON', async (t) => {
  t.deepEqual(
    await decodeBody('application/json', Buffer.from([0x22, 0xff, 0x22])),
    refused('Cannot parse JSON body'),
  );
});

test('a multipart form has the fields of a form, files too', async (t) => {
  const form = new FormData();
  form.set('name', 'é');
  form.append('paths[]', '/x');
  form.append('paths[]', '/y');
  form.set('config.body', new Blob(['<p>']), 'page.html');
  const request = new Request('http://a/', { method: 'POST', body: form });
  const type = request.headers.get('content-type') ?? undefined;
  t.deepEqual(await decodeBody(type, new Uint8Array(await request.arrayBuffer())), {
    ...{ ok: true, form: true },
    value: { name: 'é', paths: ['/x', '/y'], config: { body: '<p>' } },
  });
});

test('a multipart form as large as a body may be is read whole', async (t) => {
  const form = new FormData();
  const value = 'x'.repeat(100_000);
  for (let i = 0; i < 8; i += 1) form.append('large[]', value);
  for (let i = 0; i < 900; i += 1) form.append('many[]', String(i));
  const request = new Request('http://a/', { method: 'POST', body: form });
  const type = request.headers.get('content-type') ?? undefined;
  const decoded = await decodeBody(type, new Uint8Array(await request.arrayBuffer()));
  if (!decoded.ok) throw new Error(decoded.message);
  const { large, many } = decoded.value as { large: string[]; many: string[] };
  t.deepEqual(large, Array(8).fill(value));
  t.is(many.length, 900);
});

for (const body of [
  '--b\r\n\r\n--b--b---\r\n\r\n',
  '--b\r\ncontent-disposition: form-data; name="a"\r\n--b--',
  '\r\n--b\r\n--b\r\n\r\n--b--ba',
]) {
  test(`the multipart body ${JSON.stringify(body)}, which never ends, is refused`, async (t) => {
    t.deepEqual(
      await decode('multipart/form-data; boundary=b', body),
      refused('Cannot parse form body'),
    );
  });
}

for (const [text, schema, value] of [
  ['port=80&retries=x', services.schema, { port: 80, retries: 'x' }],
  ['port=0x50', services.schema, { port: '0x50' }],
  ['enabled=false&name=true', services.schema, { enabled: false, name: 'true' }],
  ['path=&tls_verify=true', services.schema, { path: null, tls_verify: true }],
  [
    'paths=/x&https_redirect_status_code=301',
    routes.schema,
    { paths: ['/x'], https_redirect_status_code: 301 },
  ],
  ['headers.x-a=1', routes.schema, { headers: { 'x-a': ['1'] } }],
  ['key_names=k&anonymous=7', keyAuthPlugin.config, { key_names: ['k'], anonymous: '7' }],
  [
    'storage=kong&cookie_secure=false',
    sessionPlugin.config,
    { storage: 'kong', cookie_secure: false },
  ],
  ['unheard.of=1', services.schema, { unheard: { of: '1' } }],
] as [string, TSchema, unknown][]) {
  test(`the form ${text} gets its types from the schema`, async (t) => {
    t.deepEqual(typedBy(schema, await formOf(text)), value);
  });
}

const text = fc.string({ minLength: 1, unit: 'binary', maxLength: 12 });
const lists = fc.array(text, { minLength: 1, maxLength: 4 });
const token = fc.stringMatching(/^[a-z][a-z0-9.!-]{0,8}$/);
const entity = fc.record(
  {
    name: fc.option(text),
    paths: fc.option(lists),
    headers: fc.dictionary(token, lists, { minKeys: 1, maxKeys: 3 }),
    strip_path: fc.boolean(),
    regex_priority: fc.integer(),
    service: fc.option(fc.record({ id: fc.uuid() })),
    tags: lists,
  },
  { requiredKeys: [] },
);

/** An entity as a form, in any of the ways that mean the same; `style` picks. */
function toForm(value: unknown, name: string, style: () => number): [string, string][] {
  if (value === null) return [[name, '']];
  if (Array.isArray(value)) {
    const way = style() % (value.length > 1 ? 3 : 2);
    return value.flatMap((item, i) => {
      return toForm(item, [`${name}[]`, `${name}[${i + 1}]`, name][way] as string, style);
    });
  }
  if (typeof value === 'object') {
    return Object.entries(value).flatMap(([key, inner]) => {
      const dotted = !key.includes('.') && style() % 2 === 0;
      return toForm(inner, dotted ? `${name}.${key}` : `${name}[${key}]`, style);
    });
  }
  return [[name, String(value)]];
}

test('an entity written as a form, in any way, is read as the entity', async (t) => {
  await fc.assert(
    fc.asyncProperty(entity, fc.infiniteStream(fc.nat(5)), async (value, styles) => {
      const style = () => styles.next().value as number;
      const pairs = Object.entries(value).flatMap(([key, inner]) => toForm(inner, key, style));
      const form = await formOf(new URLSearchParams(pairs).toString());
      t.deepEqual(typedBy(routes.schema, form), value);
    }),
    runs(1000),
  );
});

test('no body, of whatever type, makes the reader throw, and what it reads is plain', async (t) => {
  const part = fc.constantFrom(
    ...['a', '.', '[', ']', '[]', '=', '&', '1', '__proto__', 'constructor', '%5B', '%', '"', '{'],
    ...[
      ':',
      ',',
      '}',
      '\r\n',
      '\r\n\r\n',
      '-',
      '--b',
      '--b--',
      'content-disposition: form-data; name="a.b"',
    ],
  );
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.array(part, { maxLength: 24 }).map((parts) => Buffer.from(parts.join(''))),
    fc.json().map((json) => Buffer.from(json)),
  );
  const types = ['application/json', FORM, 'multipart/form-data; boundary=b', 'text/plain', ''];
  const plain = (value: unknown): boolean =>
    typeof value !== 'object' ||
    value === null ||
    (Array.isArray(value)
      ? value.every(plain)
      : Object.getPrototypeOf(value) === Object.prototype &&
        !Object.hasOwn(value, '__proto__') &&
        Object.values(value).every(plain));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...types), body, async (type, bytes) => {
      const decoded = await decodeBody(type, bytes);
      if (decoded.ok) {
        t.true(plain(decoded.value));
        if (decoded.form) t.true(plain(typedBy(routes.schema, decoded.value as FormValue)));
      } else t.true([400, 415].includes(decoded.status));
    }),
    runs(3000, 300_000),
  );
});
