import { once } from 'node:events';
import { createSecureServer, connect as http2Connect } from 'node:http2';
import { connect } from 'node:tls';
import { testWith } from '../world/needs.ts';
import { authority, clientFiles, leaf, openFront, openssl, plain } from './front-world.ts';

const test = testWith('openssl');
const ca = await authority('servers');
const server = await leaf(ca, 'a.test', 'server');
const clients = await authority('clients');
const alice = await leaf(clients, 'alice', 'client');
const stranger = await leaf(await authority('strangers'), 'mallory', 'client');
const trust = { id: 'a', authorities: [clients.certificate] };
const VERSIONS = ['-tls1_2', '-tls1_3'];

async function world() {
  const it = await openFront({ fallback: server });
  it.policies.set('ask.test', { ...plain, clientCertificate: 'request', trust });
  it.policies.set('need.test', { ...plain, clientCertificate: 'require', trust });
  const files = await clientFiles();
  return {
    ...it,
    alice: await files.identity('alice', alice),
    stranger: await files.identity('stranger', stranger),
    async [Symbol.asyncDispose]() {
      await it[Symbol.asyncDispose]();
      await files[Symbol.asyncDispose]();
    },
  };
}

test('a certificate is asked for only at names whose policy says so, and by their authorities', async (t) => {
  await using it = await world();
  for (const version of VERSIONS) {
    const open = await openssl(it.port, 'open.test', [version, ...it.alice]);
    t.truthy(open.said);
    t.is(open.said?.fingerprint, undefined);
    t.notRegex(open.text, /Acceptable client certificate CA names/);
    const asked = await openssl(it.port, 'ask.test', [version, ...it.alice]);
    t.regex(asked.text, /Acceptable client certificate CA names\nCN = clients/);
    t.like(asked.said, { verified: true, chain: 2, handshake: asked.said?.id ?? '' });
  }
});

test('where it is requested, none or a stranger’s lets the connection in as what it is', async (t) => {
  await using it = await world();
  for (const version of VERSIONS) {
    const none = await openssl(it.port, 'ask.test', [version]);
    t.truthy(none.said);
    t.is(none.said?.verified, undefined);
    const unknown = await openssl(it.port, 'ask.test', [version, ...it.stranger]);
    t.false(unknown.said?.verified);
    t.regex(unknown.said?.fault ?? '', /^(unable-to|self-signed)[a-z-]+$/);
  }
  t.deepEqual(it.failures(), []);
});

test('where it is required, none is refused with an alert and a stranger’s isn’t served', async (t) => {
  await using it = await world();
  for (const version of VERSIONS) {
    t.true((await openssl(it.port, 'need.test', [version, ...it.alice])).said?.verified);
    const none = await openssl(it.port, 'need.test', [version]);
    t.is(none.said, undefined);
    t.regex(none.text, /alert number (116|40)/);
    t.is((await openssl(it.port, 'need.test', [version, ...it.stranger])).said, undefined);
  }
  t.deepEqual(it.failures(), Array(4).fill('client-certificate'));
});

test('node:tls finds the same as openssl does', async (t) => {
  await using it = await world();
  const [pair] = alice.pairs;
  const socket = connect({
    port: it.port,
    host: '127.0.0.1',
    servername: 'need.test',
    ca: ca.certificate,
    checkServerIdentity: () => undefined,
    cert: pair?.chain ?? '',
    key: pair?.key ?? '',
  });
  const [chunk] = await once(socket, 'data');
  t.regex(String(chunk), /"verified":true/);
  t.true(socket.authorized);
  socket.destroy();
});

test('servers of node:http2 can stand behind the front, and the facts of a connection are known to them', async (t) => {
  const seen: (string | undefined)[] = [];
  await using it = await openFront(
    { fallback: server },
    {
      onConnection: (connection) => seen.push(connection.serverName, connection.alpn),
      createServer: (options) =>
        createSecureServer({ ...options, allowHTTP1: true }, (request, response) => {
          response.end(`${request.httpVersion} ${request.url}`);
        }),
    },
  );
  it.policies.set('h2.test', { ...plain, alpn: ['h2', 'http/1.1'] });
  const session = http2Connect(`https://127.0.0.1:${it.port}`, {
    servername: 'h2.test',
    rejectUnauthorized: false,
  });
  const stream = session.request({ ':path': '/x' });
  let body = '';
  stream.on('data', (chunk) => {
    body += String(chunk);
  });
  await once(stream, 'end');
  session.destroy();
  t.is(body, '2.0 /x');
  t.deepEqual(seen, ['h2.test', 'h2']);
});
