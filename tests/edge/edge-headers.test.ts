import { randomUUID } from 'node:crypto';
import { authDecide } from '@sallyport/contracts';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';
import { ask, type EdgeWorld, openEdge, openUpstream, type Seen } from './edge-world.ts';

const seenBy = async (it: EdgeWorld, head: string, more: string, host?: string) => {
  const got = await ask(it.http, head, host, more);
  return got.status === 200
    ? (JSON.parse(Buffer.from(got.body, 'latin1').toString()) as Seen)
    : undefined;
};

const spoofs = [
  ...['X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Forwarded-Port'],
  ...['X-Forwarded-Path', 'X-Forwarded-Prefix', 'X-Forwarded-Anything', 'Forwarded', 'X-Real-IP'],
  ...['X-Consumer-ID', 'X-Consumer-Username', 'X-Consumer-Custom-ID', 'X-Credential-Identifier'],
  ...['X-Authenticated-Groups', 'X-Anonymous-Consumer', 'X-Consumer-Groups', 'X-Request-Id'],
  ...['X-Client-Cert', 'X-Client-Cert-Serial', 'SSL-Client-Verify', 'SSL-Client-S-DN'],
  ...['X-Sallyport-Subject', 'X-Sallyport-Anything', 'Client-Cert', 'Client-Cert-Chain'],
];

test('what a client says about who and where it is never reaches an upstream, however it is spelt', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const spelling = fc
    .tuple(
      fc.constantFrom(...spoofs),
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 32, maxLength: 32 }),
    )
    .map(([name, choices]) =>
      [...name]
        .map((character, i) => {
          const choice = choices[i % choices.length] as number;
          if (character === '-') return ['-', '_', '.', '-'][choice];
          return choice % 2 === 0 ? character.toLowerCase() : character.toUpperCase();
        })
        .join(''),
    );
  await fc.assert(
    fc.asyncProperty(fc.array(spelling, { minLength: 1, maxLength: 20 }), async (names) => {
      const seen = await seenBy(it, 'GET /', names.map((name) => `${name}: evil\r\n`).join(''));
      t.truthy(seen);
      t.false(JSON.stringify(seen?.raw).includes('evil'), names.join());
    }),
    runs(40, 1000),
  );
  const all = await seenBy(it, 'GET /', spoofs.map((name) => `${name}: evil\r\n`).join(''));
  t.false(JSON.stringify(all?.raw).includes('evil'));
});

test('an upstream is told who asks, by what address, scheme, host, port, path and prefix', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'], paths: ['/api'] });
  const seen = await seenBy(it, 'GET /api//x?q', 'Via: 1.0 fred\r\n', 'A.test:8080');
  t.is(seen?.url, '/x?q');
  const { headers = {} } = seen ?? {};
  t.is(headers['x-forwarded-for'], '127.0.0.1');
  t.is(headers['x-real-ip'], '127.0.0.1');
  t.is(headers['x-forwarded-proto'], 'http');
  t.is(headers['x-forwarded-host'], 'a.test');
  t.is(headers['x-forwarded-port'], String(it.http));
  t.is(headers['x-forwarded-path'], '/api/x');
  t.is(headers['x-forwarded-prefix'], '/api');
  t.is(headers['via'], '1.0 fred, 1.1 sallyport');
  t.regex(String(headers['x-request-id']), /^[0-9A-Z]{26}$/);
  t.is(headers['x-consumer-id'], undefined);
});

test('fields of the client’s connection end there, those it names itself too; the rest passes untouched and in order', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const seen = await seenBy(
    it,
    'GET /',
    [
      'Connection: X-Mine, keep-alive, Host, Content-Length, X-Forwarded-For',
      'X-Mine: 1',
      'Keep-Alive: timeout=5',
      'Proxy-Connection: x',
      'Proxy-Authorization: secret',
      'TE: trailers',
      'Accept: a',
      'X-Twice: one',
      'x-tWICE: two',
      'Cookie: a=b',
      'Cookie: c=d',
      'X-Bytes: \xe4\xff',
      '',
    ].join('\r\n'),
  );
  const { raw = [] } = seen ?? {};
  for (const gone of ['x-mine', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'te']) {
    t.false(
      raw.some((name, i) => i % 2 === 0 && name.toLowerCase() === gone),
      gone,
    );
  }
  const at = raw.indexOf('Accept');
  t.deepEqual(raw.slice(at, at + 12), [
    ...['Accept', 'a', 'X-Twice', 'one', 'x-tWICE', 'two'],
    ...['Cookie', 'a=b', 'Cookie', 'c=d', 'X-Bytes', '\xe4\xff'],
  ]);
  t.is(seen?.headers['x-forwarded-for'], '127.0.0.1');
});

test('trusted proxies are believed, back to the first address that isn’t one', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge({
    config: { trusted_proxies: ['127.0.0.0/8', '2001:db8::/32', '192.0.2.7'] },
  });
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const asked = async (more: string) => (await seenBy(it, 'GET /', more))?.headers ?? {};
  const one = await asked(
    'X-Forwarded-For: 6.6.6.6, 198.51.100.9\r\nX-Forwarded-For: 2001:db8::1, 192.0.2.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.test\r\nX-Forwarded-Port: 443\r\n',
  );
  t.is(one['x-real-ip'], '198.51.100.9');
  t.is(one['x-forwarded-for'], '198.51.100.9, 2001:db8::1, 192.0.2.7, 127.0.0.1');
  t.is(one['x-forwarded-proto'], 'https');
  t.is(one['x-forwarded-host'], 'shop.test');
  t.is(one['x-forwarded-port'], '443');
  const broken = await asked(
    'X-Forwarded-For: 198.51.100.9, nonsense\r\nX-Forwarded-Proto: gopher\r\n',
  );
  t.is(broken['x-real-ip'], '127.0.0.1');
  t.is(broken['x-forwarded-proto'], 'http');
  await t.throwsAsync(openEdge({ config: { trusted_proxies: ['10.0.0.0/33'] } }), {
    code: 'SP_ERR_CONFIG',
    message: /10\.0\.0\.0\/33/,
  });
});

test('names of consumers and groups can’t begin another field or another group', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const id = randomUUID();
  await it.putRaw('consumers', {
    ...{ id, created_at: 1, updated_at: 1, tags: null },
    username: 'jürgen\r\nx-evil: 1\0',
    custom_id: '日本 , 7',
  });
  await it.put('plugins', { name: 'key-auth', config: { anonymous: id } });
  const seen = await seenBy(it, 'GET /', '');
  const text = (name: string) =>
    Buffer.from(String(seen?.headers[name]), 'latin1').toString('utf8');
  t.is(text('x-consumer-username'), 'jürgen%0D%0Ax-evil: 1%00');
  t.is(text('x-consumer-custom-id'), '日本 , 7');
  t.is(text('x-consumer-id'), id);
  t.is(text('x-anonymous-consumer'), 'true');
  t.is(seen?.headers['x-evil'], undefined);
});

test('whom the pipeline accepts is named to the upstream, with groups that stay apart', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  await using _auth = await it.bus.rpc.respond(authDecide, {}, async () => ({
    decision: 'd1',
    verdict: 'accept' as const,
    reason: 'password',
    account: 'ann\r\nx-evil: 1',
    attributes: { groups: ['users, admins', 'staff'] },
  }));
  await it.put('plugins', { name: 'pipeline-auth' });
  const basic = Buffer.from('ann:secret').toString('base64');
  const seen = await seenBy(it, 'GET /', `Authorization: Basic ${basic}\r\n`);
  t.is(seen?.headers['x-sallyport-subject'], 'ann%0D%0Ax-evil: 1');
  t.is(seen?.headers['x-credential-identifier'], 'login:ann%0D%0Ax-evil: 1');
  t.is(seen?.headers['x-authenticated-groups'], 'users%2C admins, staff');
  t.is(seen?.headers['authorization'], undefined);
  t.is(seen?.headers['x-evil'], undefined);
  t.is(seen?.headers['x-consumer-id'], undefined);
  t.is((await ask(it.http, 'GET /', 'a.test', 'X-Sallyport-Subject: ann\r\n')).status, 401);
});

test('responses lose the fields of the upstream’s connection and bear the id of the request', async (t) => {
  await using upstream = await openUpstream((_request, response) => {
    response.writeHead(200, [
      ...['Connection', 'X-Inner', 'X-Inner', '1', 'Proxy-Authenticate', 'x', 'Upgrade', 'h2c'],
      ...[
        'Set-Cookie',
        'a=1',
        'Set-Cookie',
        'b=2',
        'X-Request-Id',
        'theirs',
        'Content-Length',
        '2',
      ],
    ]);
    response.end('ok');
    return true;
  });
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const { head, body } = await ask(it.http, 'GET /');
  t.is(body, 'ok');
  t.notRegex(head, /x-inner|proxy-authenticate|upgrade/i);
  t.deepEqual(head.match(/^set-cookie: .*$/gim), ['Set-Cookie: a=1', 'Set-Cookie: b=2']);
  t.regex(head, /^x-request-id: [0-9A-Z]{26}$/m);
  t.notRegex(head, /theirs/);
  t.regex(head, /^via: 1\.1 sallyport$/m);
});

test('a service that leads back here ends as a loop, not as a storm', async (t) => {
  await using it = await openEdge();
  await it.route('loop', it.http, { hosts: ['a.test'] }, { retries: 0 });
  await it.put('routes', {
    paths: ['/'],
    service: { id: (await it.put('services', { host: '127.0.0.1', port: it.http })).id },
  });
  t.is((await ask(it.http, 'GET /')).status, 508);
});
