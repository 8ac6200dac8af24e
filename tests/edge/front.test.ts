import { once } from 'node:events';
import { connect } from 'node:tls';
import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import { authority, clientFiles, curl, leaf, openFront, openssl, plain } from './front-world.ts';

const test = testWith('openssl');
const ca = await authority('servers');
const a = await leaf(ca, 'a.test', 'server');
const b = await leaf(ca, 'b.test', 'server');

test('openssl and curl get the certificate of the name they ask for, over TLS 1.2 and 1.3', async (t) => {
  await using it = await openFront();
  await using files = await clientFiles();
  const roots = await files.put('roots.pem', ca.certificate);
  it.names.set('a.test', a).set('b.test', b);
  for (const [version, protocol] of [
    ['1.2', 'TLSv1.2'],
    ['1.3', 'TLSv1.3'],
  ] as const) {
    const args = [
      `-tls1_${version.at(-1)}`,
      '-CAfile',
      roots,
      '-verify_return_error',
      '-verify_hostname',
    ];
    for (const name of ['a.test', 'b.test']) {
      const { said, text } = await openssl(it.port, name, [...args, name]);
      t.is(said?.serverName, name, text);
      t.is(said?.protocol, protocol);
      t.false(said?.resumed);
      t.is(said?.handshake, said?.id);
    }
    const curled = await curl(it.port, 'B.test', [
      '--cacert',
      roots,
      `--tlsv${version}`,
      '--tls-max',
      version,
    ]);
    t.is(curled.said?.serverName, 'b.test', curled.text);
    t.is(curled.said?.alpn, 'http/1.1');
  }
  t.is(it.reports.length, 6);
  const [report] = it.reports;
  t.is(report?.outcome, 'completed');
  t.is(report?.data.serverName, 'a.test');
  t.is(report?.data.client.address, '127.0.0.1');
  await until(() => it.front.status().open === 0);
});

test('a hello in small records, and one that waits for its certificate, end in a handshake', async (t) => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<typeof a>();
  const find = (name: string | undefined) => {
    asked.resolve();
    return name === 'slow.test' ? answer.promise : Promise.resolve(a);
  };
  await using it = await openFront({}, { certificates: { find } });
  const slow = connect({ port: it.port, servername: 'slow.test', rejectUnauthorized: false });
  await asked.promise;
  // Meanwhile others are served.
  t.truthy((await openssl(it.port, 'a.test', ['-max_send_frag', '512'])).said);
  answer.resolve(a);
  const [chunk] = await once(slow, 'data');
  t.regex(String(chunk), /"serverName":"slow.test"/);
  slow.destroy();
});

test('connections that shake hands at the same time don’t get each other’s facts', async (t) => {
  await using it = await openFront({ fallback: b });
  const visit = async (servername: string) => {
    const socket = connect({ port: it.port, servername, rejectUnauthorized: false });
    const [chunk] = await once(socket, 'data');
    socket.destroy();
    return /"serverName":"([^"]+)"/.exec(String(chunk))?.[1];
  };
  const names = Array.from({ length: 40 }, (_, i) => `n${i}.test`);
  for (const name of names.slice(0, 20)) it.names.set(name, a);
  t.deepEqual(await Promise.all(names.map(visit)), names);
  const reported = it.reports.map(({ data }) => data.serverName);
  t.deepEqual(reported.sort(), names.sort());
});

test('protocols and the lowest version are those of the name’s policy', async (t) => {
  await using it = await openFront();
  it.names.set('old.test', a).set('new.test', a);
  it.policies.set('new.test', { ...plain, alpn: ['h2', 'http/1.1'], minVersion: 'TLSv1.3' });
  t.is((await openssl(it.port, 'old.test', ['-tls1_2'])).said?.protocol, 'TLSv1.2');
  const refused = await openssl(it.port, 'new.test', ['-tls1_2']);
  t.is(refused.said, undefined);
  t.regex(refused.text, /alert protocol version|alert number 70/);
  t.is((await openssl(it.port, 'new.test', ['-alpn', 'http/1.1,h2'])).said?.alpn, 'h2');
  t.is((await openssl(it.port, 'old.test', ['-alpn', 'h2,http/1.1'])).said?.alpn, 'http/1.1');
  t.is((await openssl(it.port, 'old.test')).said?.alpn, undefined);
  t.regex(
    (await openssl(it.port, 'old.test', ['-alpn', 'h2'])).text,
    /no application protocol|alert number 120/,
  );
  t.deepEqual(it.failures(), ['version', 'no-application-protocol']);
});

test('a name without a certificate gets the alert unrecognized_name, or the fallback where there is one', async (t) => {
  await using strict = await openFront();
  const refused = await openssl(strict.port, 'unknown.test');
  t.regex(refused.text, /unrecognized name|alert number 112/);
  t.like(strict.reports[0]?.data, {
    serverName: 'unknown.test',
    reason: 'not-allowed',
    alert: 112,
  });
  t.regex((await openssl(strict.port, undefined)).text, /unrecognized name|alert number 112/);

  await using lenient = await openFront({ fallback: b });
  const { said, text } = await openssl(lenient.port, 'unknown.test');
  t.is(said?.serverName, 'unknown.test');
  t.regex(text, /subject=CN = b\.test/);
  t.is((await openssl(lenient.port, undefined)).said?.serverName, undefined);
  t.regex((await openssl(lenient.port, '127.0.0.1')).text, /subject=CN = b\.test/);
});

test('a policy may refuse with its own alert; without one it is access_denied', async (t) => {
  const decide = async ({ serverName = '' }) =>
    serverName === 'own.test' ? { refused: 'banned', alert: 40 } : { refused: 'banned' };
  await using it = await openFront({ fallback: a }, { policies: { decide } });
  t.regex((await openssl(it.port, 'own.test')).text, /alert number 40|handshake failure/);
  t.regex((await openssl(it.port, 'a.test')).text, /alert number 49|access denied/);
  t.deepEqual(it.failures(), ['banned', 'banned']);
});

test('a challenge is answered before policy and certificate are asked, and then the connection ends', async (t) => {
  const refuse = async () => ({ refused: 'not-asked' });
  const taken: unknown[] = [];
  await using it = await openFront(
    {},
    {
      policies: { decide: refuse },
      certificates: { find: refuse },
      onConnection: (connection) => taken.push(connection),
    },
  );
  it.challenges.set('a.test', b);
  const { text } = await openssl(it.port, 'a.test', ['-alpn', 'acme-tls/1']);
  t.regex(text, /ALPN protocol: acme-tls\/1/);
  t.regex(text, /subject=CN = b\.test/);
  t.deepEqual(taken, []);
  t.like(it.reports[0], { outcome: 'completed', data: { alpn: 'acme-tls/1' } });
  t.regex(
    (await openssl(it.port, 'other.test', ['-alpn', 'acme-tls/1'])).text,
    /alert number 112|unrecognized/,
  );
  // Beside other protocols it is no challenge (RFC 8737 section 3).
  await openssl(it.port, 'a.test', ['-alpn', 'acme-tls/1,http/1.1']);
  t.deepEqual(it.failures(), ['no-challenge', 'not-asked']);
});

test('a pair of RSA and ECDSA certificates serves each client what it can verify', async (t) => {
  const { generatePrivateKey, privateKeyPem } = await import('@sallyport/pki');
  const { validity } = await import('./front-world.ts');
  const key = await generatePrivateKey('rsa-2048');
  const request = {
    ...validity(),
    publicKey: key.publicKey,
    dnsNames: ['a.test'],
    usages: ['server' as const],
  };
  const rsa = { chain: await ca.issue(request), key: privateKeyPem(key) };
  await using it = await openFront();
  it.names.set('a.test', { id: 'both', pairs: [...a.pairs, rsa] });
  const kind = async (algorithms: string) =>
    /Peer signature type: (\S+)/.exec(
      (await openssl(it.port, 'a.test', ['-sigalgs', algorithms])).text,
    )?.[1];
  t.is(await kind('ECDSA+SHA256'), 'ECDSA');
  t.is(await kind('RSA-PSS+SHA256'), 'RSA-PSS');
});

test('a certificate that can’t be used ends the handshake with an alert and a line in the log', async (t) => {
  await using it = await openFront();
  it.names.set('a.test', {
    id: 'broken',
    pairs: [{ chain: a.pairs[0]?.chain ?? '', key: b.pairs[0]?.key ?? '' }],
  });
  t.regex((await openssl(it.port, 'a.test')).text, /alert number 80|internal error/);
  t.deepEqual(it.failures(), ['internal-error']);
  t.regex(it.lines.join(), /key values mismatch/i);
});

test('secure contexts are kept per class and certificate, and no more than the limit', async (t) => {
  await using it = await openFront({ maxContexts: 2 });
  it.names.set('a.test', a).set('alias.test', a).set('b.test', b);
  for (const name of ['a.test', 'a.test', 'alias.test']) await openssl(it.port, name);
  t.is(it.front.status().contexts, 1);
  await openssl(it.port, 'b.test');
  t.is(it.front.status().contexts, 2);
  it.policies.set('b.test', { ...plain, alpn: [] });
  t.truthy((await openssl(it.port, 'b.test')).said);
  t.is(it.front.status().contexts, 2);
});
