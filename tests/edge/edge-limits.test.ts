import { once } from 'node:events';
import { connect } from 'node:net';
import test from 'ava';
import { until } from '../world/until.ts';
import { exchangeRaw, openEdge, openUpstream } from './edge-world.ts';

const HEAD = 'Host: a.test\r\nConnection: close\r\n';

test('a head that doesn’t come to its end is answered 408 and closed at its deadline, however it trickles', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge({ config: { limits: { head_timeout: '400ms' } } });
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const began = performance.now();
  const socket = connect({ port: it.http, host: '127.0.0.1' });
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nHost: a.test\r\n');
  const timer = setInterval(() => socket.write('X-A: b\r\n'), 50);
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(timer);
  t.regex(text, /^HTTP\/1\.1 408 /);
  t.true(performance.now() - began < 5000);
  // So is a connection on which nothing is said at all.
  t.regex(await exchangeRaw(it.http, '', 5000), /^HTTP\/1\.1 408 /);
  t.is(upstream.seen.length, 0);
  await until(() => it.edge.status().connections === 0);
});

test('heads larger than the limit, or of more fields, are 431', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge({ config: { limits: { head_size: '4KiB', head_fields: 20 } } });
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const large = `GET / HTTP/1.1\r\n${HEAD}X: ${'y'.repeat(5000)}\r\n\r\n`;
  const long = `GET /${'y'.repeat(5000)} HTTP/1.1\r\n${HEAD}\r\n`;
  const many = `GET / HTTP/1.1\r\n${HEAD}${'X: y\r\n'.repeat(19)}\r\n`;
  for (const bytes of [large, long, many]) {
    t.regex(await exchangeRaw(it.http, bytes), /^HTTP\/1\.1 431 /);
  }
  // Fields beyond a parser's own limit don't vanish without a word.
  const hidden = `GET / HTTP/1.1\r\n${HEAD}${'X: y\r\n'.repeat(18)}\r\n`;
  t.regex(await exchangeRaw(it.http, hidden), /^HTTP\/1\.1 200 /);
  t.is(upstream.seen.length, 1);
});

test('a kept connection ends when no further request comes', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge({ config: { limits: { idle_timeout: '150ms' } } });
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const text = await exchangeRaw(it.http, 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n', 5000);
  t.regex(text, /^HTTP\/1\.1 200 /);
  t.notRegex(text, /not closed|connection: close/i);
});

test('a client that stalls in its body, or doesn’t read its response, is cut off', async (t) => {
  const large = Buffer.alloc(32 * 1024 * 1024);
  await using upstream = await openUpstream((request, response) => {
    if (request.method !== 'GET') return false;
    response.end(large);
    return true;
  });
  await using it = await openEdge({ config: { limits: { stall_timeout: '300ms' } } });
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const text = await exchangeRaw(
    it.http,
    `POST / HTTP/1.1\r\n${HEAD}Content-Length: 10\r\n\r\nhello`,
    5000,
  );
  t.notRegex(text, /not closed|HTTP\/1\.1 200/);
  const socket = connect({ port: it.http, host: '127.0.0.1' });
  socket.on('error', () => {});
  socket.write(`GET / HTTP/1.1\r\n${HEAD}\r\n`);
  socket.pause();
  await until(() => it.edge.status().requests === 1);
  await until(() => it.edge.status().requests === 0);
  await until(() => it.edge.status().connections === 0);
  socket.destroy();
  await until(() => upstream.sockets.size <= 1);
  t.pass();
});

test('connections beyond the limit are closed at once, and the others are served', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge({ config: { limits: { connections: 3 } } });
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const kept = Array.from({ length: 3 }, () => connect({ port: it.http, host: '127.0.0.1' }));
  await Promise.all(kept.map((socket) => once(socket, 'connect')));
  await until(() => it.edge.status().connections === 3);
  t.is(await exchangeRaw(it.http, `GET / HTTP/1.1\r\n${HEAD}\r\n`, 5000), '');
  const [first] = kept;
  let text = '';
  first?.on('data', (chunk) => {
    text += chunk.toString();
  });
  first?.write(`GET / HTTP/1.1\r\n${HEAD}\r\n`);
  await until(() => text.includes('200 OK'));
  for (const socket of kept) socket.destroy();
  await until(() => it.edge.status().connections === 0);
  t.regex(await exchangeRaw(it.http, `GET / HTTP/1.1\r\n${HEAD}\r\n`, 5000), /^HTTP\/1\.1 200 /);
});

test('requests sent far ahead of their answers end the connection', async (t) => {
  await using upstream = await openUpstream(() => true);
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const text = await exchangeRaw(
    it.http,
    'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n'.repeat(500),
    8000,
  );
  t.is(text, '');
  await until(() => it.edge.status().requests === 0);
});
