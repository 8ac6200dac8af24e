import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import test from 'ava';
import { until } from '../world/until.ts';
import { exchangeRaw, openEdge, openUpstream } from './edge-world.ts';

const HOST = 'Host: a.test\r\n';

/** A connection whose text grows. */
function client(port: number) {
  const socket = connect({ port, host: '127.0.0.1' });
  const seen = { socket, text: '', closed: false };
  socket.on('data', (chunk) => {
    seen.text += chunk.toString();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    seen.closed = true;
  });
  return seen;
}

test('draining closes the listeners, lets requests finish with close, and serves what idle connections had on their way', async (t) => {
  const release = Promise.withResolvers<void>();
  await using upstream = await openUpstream((request, response) => {
    if (request.url !== '/slow') return false;
    response.write('first');
    void release.promise.then(() => response.end('last'));
    return true;
  });
  await using it = await openEdge({ config: { drain: { idle: '400ms' } } });
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const slow = client(it.http);
  slow.socket.write(`GET /slow HTTP/1.1\r\n${HOST}\r\n`);
  const idle = client(it.http);
  idle.socket.write(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  const lazy = client(it.http);
  lazy.socket.write(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  await until(() => [slow, idle, lazy].every(({ text }) => text.includes('200 OK')));
  await until(() => it.edge.status().requests === 1);
  t.notRegex(idle.text, /connection: close/i);

  const drained = it.edge.drain?.(new AbortController().signal);
  await t.throwsAsync(async () => {
    const socket = connect({ port: it.http, host: '127.0.0.1' });
    await once(socket, 'connect');
  });
  t.deepEqual([...it.edge.urls], []);
  idle.text = '';
  idle.socket.write(`GET /late HTTP/1.1\r\n${HOST}\r\n`);
  await until(() => idle.closed);
  t.regex(idle.text, /^HTTP\/1\.1 200 [\s\S]*connection: close/i);
  await until(() => lazy.closed);
  t.false(slow.closed);
  release.resolve();
  await drained;
  t.regex(slow.text, /last\r\n0\r\n\r\n$/);
});

test('what isn’t done at the deadline is cut', async (t) => {
  await using upstream = await openUpstream((_request, response) => {
    response.write('first');
    return true;
  });
  await using it = await openEdge({ config: { drain: { idle: '0s' } } });
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const slow = client(it.http);
  slow.socket.write(`GET /slow HTTP/1.1\r\n${HOST}\r\n`);
  await until(() => slow.text.includes('first'));
  await it.edge.drain?.(AbortSignal.timeout(200));
  await until(() => slow.closed);
  t.notRegex(slow.text, /0\r\n\r\n$/);
  await until(() => it.edge.status().requests === 0);
});

test('between readiness turning false and the listeners closing there is the time that was configured', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge({ config: { drain: { delay: '1s', idle: '0s' } } });
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  t.true((await it.health.ready()).ok);
  it.health.enter('draining');
  const drained = it.edge.drain?.(new AbortController().signal);
  t.false((await it.health.ready()).ok);
  const text = await exchangeRaw(it.http, `GET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
  t.regex(text, /^HTTP\/1\.1 200 /);
  await drained;
});

test('a port that is taken ends the start with InUseError, and nothing is left open', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  await t.throwsAsync(openEdge({ config: { http: { port } } }), { code: 'SP_ERR_IN_USE' });
  await t.throwsAsync(openEdge({ config: { https: { port } } }), { code: 'SP_ERR_IN_USE' });
  other.close();
});
