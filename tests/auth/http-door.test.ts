import test from 'ava';
import { embeddedWorld, RIGHT, rule, startAuth } from './auth-world.ts';

test('A login that may proceed gets 200, its account in a header, and its attributes as JSON.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world);
  const { status, headers, text } = await auth.login('bob', RIGHT.bob);
  t.is(status, 200);
  t.is(headers.get('auth-status'), 'OK');
  t.is(headers.get('auth-user'), 'bob@example.com');
  t.is(headers.get('x-user-found'), 'true');
  t.is(headers.get('x-auth-cache'), 'Miss');
  t.regex(headers.get('x-nauthilus-session') ?? '', /^[0-9A-Z]{26}$/);
  t.deepEqual(JSON.parse(text), {
    AccountField: 'account',
    TOTPSecretField: '',
    UniqueUserIDField: '',
    DisplayNameField: '',
    Backend: 'file',
    Password: '',
    Attributes: { account: ['bob@example.com'], groups: ['staff', 'mail'], quota: ['1G'] },
  });
});

test('A refused login gets 403 and the same text for every reason, with a wait that grows with the attempts.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world, { config: { ...rule(30), wait_delay: '10s' } });
  const wrong = { username: 'alice', password: 'x', client_ip: '192.0.2.7' };
  const texts = new Set<string>();
  const waits: (string | null)[] = [];
  for (const auth_login_attempt of [0, 1, 4, 20, 1000]) {
    const { status, headers, text } = await auth.post({ ...wrong, auth_login_attempt });
    t.is(status, 403);
    t.is(headers.get('auth-status'), 'Invalid login or password');
    t.is(headers.get('auth-user'), null);
    texts.add(text);
    waits.push(headers.get('auth-wait'));
  }
  t.deepEqual(waits, [null, null, '1', '5', '10']);
  texts.add((await auth.post({ ...wrong, username: 'nobody' })).text);
  texts.add((await auth.post({ ...wrong, password: '' })).text);
  texts.add((await auth.post({ username: 'alice', client_ip: '192.0.2.7' })).text);
  t.deepEqual([...texts], ['Invalid login or password']);
});

test('A temporary failure gets 500 with a status that no client takes for a success.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world, { config: rule(5, { on_failure: 'tempfail' }) });
  auth.outages.store = true;
  const { status, headers, text } = await auth.login('alice', RIGHT.alice);
  t.is(status, 500);
  t.is(headers.get('auth-status'), 'Temporary server problem, try again later');
  t.is(headers.get('auth-user'), null);
  t.deepEqual(JSON.parse(text), { Error: 'Temporary server problem, try again later' });
});

test('Whatever breaks inside, the answer is a temporary failure, and the log has the cause.', async (t) => {
  await using world = await embeddedWorld();
  const ids = {
    next: () => {
      throw new Error('no ids today');
    },
  };
  await using auth = await startAuth(world, { ports: { ids } });
  const { status, headers, text } = await auth.login('alice', RIGHT.alice);
  t.is(status, 500);
  t.is(headers.get('auth-status'), 'Temporary server problem, try again later');
  t.is(headers.get('auth-user'), null);
  t.false(text.includes('ids'));
  t.true(auth.lines.some((line) => line.includes('no ids today')));
});

test('All fields of a question reach the event, and what is empty is left out.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world);
  const { headers } = await auth.post({
    ...{ username: 'alice', password: RIGHT.alice, client_ip: '2001:db8::7', client_port: '50123' },
    ...{ client_hostname: 'dsl.example.net', client_id: 'Thunderbird', local_ip: '192.0.2.1' },
    ...{ local_port: 993, service: 'mail', method: 'PLAIN', protocol: 'imap' },
    ...{ ssl_protocol: 'TLSv1.3', ssl_cipher: 'TLS_AES_128_GCM_SHA256', auth_login_attempt: 1 },
    unknown: { nested: true },
  });
  const event = await auth.event(headers.get('x-nauthilus-session'));
  const { decision: _d, stages: _s, durationMs: _m, ...facts } = event;
  t.deepEqual(facts, {
    ...{ login: 'alice', door: 'generic-json', verdict: 'accept', reason: 'password' },
    ...{ account: 'alice', client: { address: '2001:db8::7', port: 50123 } },
    ...{ local: { address: '192.0.2.1', port: 993 }, clientHost: 'dsl.example.net' },
    ...{ clientId: 'Thunderbird', service: 'mail', method: 'plain', protocol: 'imap' },
    tls: { protocol: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' },
  });
  const bare = await auth.post({
    ...{ username: 'alice', password: RIGHT.alice, client_ip: '', client_port: '', local_ip: '' },
    ...{ local_port: '', client_hostname: '', client_id: '', service: '', method: '' },
  });
  t.is(bare.status, 200);
  const { client, local, clientId } = await auth.event(bare.headers.get('x-nauthilus-session'));
  t.deepEqual(
    { client, local, clientId },
    {
      client: { address: '127.0.0.1' },
      ...{ local: undefined, clientId: undefined },
    },
  );
});

test('A bad question gets 400 with field and rule, and no decision.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world, { config: { http: { max_body: '2kB' } } });
  const good = { username: 'alice', password: RIGHT.alice, client_ip: '192.0.2.7' };
  const bad: [unknown, RegExp, number?][] = [
    ['{', /JSON/],
    ['', /./],
    ['null', /body/],
    ['[]', /body/],
    [{ password: 'x' }, /username/],
    [{ ...good, username: 7 }, /username/],
    [{ ...good, username: '' }, /username/],
    [{ ...good, username: 'a'.repeat(1025) }, /username/],
    [{ ...good, username: 'a(b' }, /username/],
    [{ ...good, username: 'a\u0000' }, /username/],
    ['{"username":"\\ud800","password":"x"}', /username/],
    [{ ...good, password: 1 }, /password/],
    [{ ...good, client_ip: '192.0.2.256' }, /client_ip/],
    [{ ...good, client_ip: '192.0.2.0/24' }, /client_ip/],
    [{ ...good, client_port: '70000' }, /client_port/],
    [{ ...good, client_port: 'x' }, /client_port/],
    [{ ...good, client_port: -1 }, /client_port/],
    [{ ...good, method: 'a b' }, /method/],
    [{ ...good, client_id: 'a\nb' }, /client_id/],
    [{ ...good, auth_login_attempt: '1' }, /auth_login_attempt/],
    [{ ...good, service: 'x'.repeat(3000) }, /./, 413],
  ];
  for (const [body, rule, status = 400] of bad) {
    const answer = await auth.post(body);
    t.is(answer.status, status, JSON.stringify(body));
    t.regex(answer.text, rule, JSON.stringify(body));
    t.is(answer.headers.get('auth-status'), null);
  }
  t.is((await auth.post('username=alice', { 'content-type': 'text/html' })).status, 415);
  const { status } = await fetch(`${auth.auth.url}/api/v1/generic/json`);
  t.is(status, 404);
  await auth.event((await auth.post(good)).headers.get('x-nauthilus-session'));
  t.is(auth.decided.length, 1, 'of all these only the good one was decided');
});

test('The door’s own credentials are wanted where they are configured: Basic, or a token.', async (t) => {
  await using world = await embeddedWorld();
  const env = { DOOR: 'open-sesame-open-sesame' };
  const good = { username: 'alice', password: RIGHT.alice, client_ip: '192.0.2.7' };
  {
    const config = { http_basic: { username: 'mail', password: 'env:DOOR' } };
    await using auth = await startAuth(world, { config, env });
    const basic = (text: string) => ({
      authorization: `Basic ${Buffer.from(text).toString('base64')}`,
    });
    const none = await auth.post(good);
    t.is(none.status, 401);
    t.regex(none.headers.get('www-authenticate') ?? '', /^Basic realm=/);
    for (const text of ['mail:wrong', `other:${env.DOOR}`, '', ':', env.DOOR]) {
      t.is((await auth.post(good, basic(text))).status, 401, text);
    }
    t.is((await auth.post(good, basic(`mail:${env.DOOR}`))).status, 200);
    t.is(auth.hashed.length, 1);
  }
  await using auth = await startAuth(world, { config: { http: { token: 'env:DOOR' } }, env });
  t.is((await auth.post(good)).status, 401);
  t.is((await auth.post(good, { authorization: 'Bearer wrong' })).status, 401);
  t.is((await auth.post(good, { authorization: `Bearer ${env.DOOR}` })).status, 200);
});

test('Names and accounts beyond Latin-1 go into headers as UTF-8.', async (t) => {
  await using world = await embeddedWorld();
  const hash = '{SSHA256}CFsq5JPfiBQ0W3uR5Dnao+9mknEq9a739V+FPkJ6yjABAgMEBQYHCA==';
  await using auth = await startAuth(world, { users: `żółw:${hash}:żółw@例え.jp\n` });
  const { status, headers } = await auth.login('żółw', RIGHT.alice);
  t.is(status, 200);
  t.is(Buffer.from(headers.get('auth-user') ?? '', 'latin1').toString(), 'żółw@例え.jp');
});

test('A page of another site can’t use the door, nor one whose name was made to lead here.', async (t) => {
  await using world = await embeddedWorld();
  await using auth = await startAuth(world);
  const good = { username: 'alice', password: RIGHT.alice };
  t.is((await auth.post(good, { origin: 'https://evil.example' })).status, 403);
  t.is((await auth.post(good, { 'sec-fetch-site': 'cross-site' })).status, 403);
  t.is(auth.hashed.length, 0);
});
