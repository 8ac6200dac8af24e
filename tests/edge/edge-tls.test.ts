import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { type DataOf, handshakeCompleted, handshakeFailed } from '@sallyport/contracts';
import test from 'ava';
import { startProgram } from '../world/program.ts';
import { until } from '../world/until.ts';
import {
  ask,
  type EdgeWorld,
  exchangeRaw,
  openEdge,
  openUpstream,
  type Seen,
} from './edge-world.ts';

/** What curl prints, and how it ended. */
async function curl(it: EdgeWorld, name: string, args: readonly string[]) {
  await using program = startProgram('curl', [
    ...['-sS', '--max-time', '20', '--resolve', `${name}:${it.https}:127.0.0.1`, ...args],
  ]);
  await new Promise((resolve) => program.child.once('close', resolve));
  return { text: program.output(), code: program.child.exitCode };
}

test('curl gets through over TLS, several times over one connection, and the upstream is told of it', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'], protocols: ['https'] });
  const url = `https://a.test:${it.https}`;
  const { text, code } = await curl(it, 'a.test', [
    ...['-k', '-v', `${url}/one`, `${url}/two`, '-H', 'X-Forwarded-Proto: http'],
  ]);
  t.is(code, 0, text);
  t.regex(text, /Re-?using existing (https: )?connection/);
  t.deepEqual(
    upstream.seen.map(({ url, headers }) => [url, headers['x-forwarded-proto']]),
    [
      ['/one', 'https'],
      ['/two', 'https'],
    ],
  );
  t.is(upstream.seen[0]?.headers['x-forwarded-port'], String(it.https));
  // Nobody vouches for the fallback certificate.
  const strict = await curl(it, 'a.test', [`${url}/three`]);
  t.not(strict.code, 0);
  t.is(upstream.seen.length, 2);
});

test('a large upload and download by curl over TLS arrive whole', async (t) => {
  const body = 'x'.repeat(3_000_000);
  await using upstream = await openUpstream();
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const url = `https://a.test:${it.https}/`;
  await using feed = startProgram('sh', [
    '-c',
    `head -c 3000000 /dev/zero | tr '\\0' x | curl -sS -k --max-time 20 --resolve a.test:${it.https}:127.0.0.1 -T - ${url} | wc -c`,
  ]);
  await new Promise((resolve) => feed.child.once('close', resolve));
  t.is(upstream.seen[0]?.method, 'PUT');
  t.is(upstream.seen[0]?.body.length, body.length);
  t.true(Number(feed.output()) > body.length);
});

test('without a fallback a name without a certificate ends in an alert, and both kinds of ends are told', async (t) => {
  await using it = await openEdge({ config: { fallback_certificate: false } });
  await using other = await openEdge();
  const failed: DataOf<typeof handshakeFailed>[] = [];
  const completed: DataOf<typeof handshakeCompleted>[] = [];
  await using _failed = await it.bus.events.subscribe(handshakeFailed, {}, ({ data }) => {
    failed.push(data);
  });
  await using _completed = await other.bus.events.subscribe(handshakeCompleted, {}, ({ data }) => {
    completed.push(data);
  });
  const refused = await curl(it, 'a.test', ['-k', `https://a.test:${it.https}/`]);
  t.regex(refused.text, /unrecognized name|alert/i);
  t.is((await curl(other, 'b.test', ['-k', `https://b.test:${other.https}/`])).code, 0);
  await until(() => failed.length > 0 && completed.length > 0, 'both events', 15_000);
  t.is(failed[0]?.serverName, 'a.test');
  t.is(completed[0]?.serverName, 'b.test');
  t.regex(String(completed[0]?.protocol), /^TLSv1/);
});

test('a facts-bearing connection is its own: routes by SNI, redirects to the port that listens', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge();
  await it.route('sni', upstream.port, { snis: ['a.test'], paths: ['/sni'], protocols: ['https'] });
  await it.put('routes', {
    ...{ hosts: ['go.test'], protocols: ['https'], https_redirect_status_code: 301 },
  });
  const visit = async (servername: string) => {
    const socket = tlsConnect({
      ...{ port: it.https, host: '127.0.0.1', servername, rejectUnauthorized: false },
    });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.write('GET /sni HTTP/1.1\r\nHost: b.test\r\nConnection: close\r\n\r\n');
    await once(socket, 'close');
    return text;
  };
  t.regex(await visit('a.test'), /^HTTP\/1\.1 200 /);
  t.regex(await visit('b.test'), /^HTTP\/1\.1 404 /);
  const moved = await ask(it.http, 'GET /x', 'go.test');
  t.regex(moved.head, new RegExp(`^location: https://go\\.test:${it.https}/x$`, 'im'));
});

test('garbage and slow heads over TLS end as they do without, and a response that breaks off doesn’t look whole', async (t) => {
  await using upstream = await openUpstream((_request, response) => {
    response.writeHead(200, { 'content-length': '10' });
    response.write('hello', () => setTimeout(() => response.destroy(), 20));
    return true;
  });
  await using it = await openEdge({ config: { limits: { head_timeout: '300ms' } } });
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const over = async (bytes: string) => {
    const socket = tlsConnect({
      ...{ port: it.https, host: '127.0.0.1', servername: 'a.test', rejectUnauthorized: false },
    });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('error', () => {});
    socket.write(bytes);
    await new Promise((resolve) => socket.once('close', resolve));
    return { text };
  };
  t.regex((await over('hello\r\n\r\n')).text, /^HTTP\/1\.1 400 /);
  t.regex((await over('GET / HTTP/1.1\r\nHost: a')).text, /^HTTP\/1\.1 408 /);
  const cut = await over('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
  t.regex(cut.text, /hello$/);
  const { text } = await curl(it, 'a.test', ['-k', `https://a.test:${it.https}/`]);
  t.regex(text, /curl: \((18|56)\)/);
  // The plain port goes on.
  const socket = connect({ port: it.http, host: '127.0.0.1' });
  socket.destroy();
  t.regex(await exchangeRaw(it.http, 'x\r\n\r\n'), /^HTTP\/1\.1 400 /);
});

test('many visitors over TLS at the same time each get their own answer', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const visits = Array.from({ length: 24 }, async (_, i) => {
    const socket = tlsConnect({
      ...{ port: it.https, host: '127.0.0.1', servername: 'a.test', rejectUnauthorized: false },
    });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.write(`GET /${i} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n`);
    await once(socket, 'close');
    return (JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) as Seen).url;
  });
  t.deepEqual(
    await Promise.all(visits),
    Array.from({ length: 24 }, (_, i) => `/${i}`),
  );
  await until(() => it.edge.status().connections === 0);
  t.is(it.edge.status().handshakes, 0);
});
