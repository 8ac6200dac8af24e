import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { freePort, tempDir } from '../world/program.ts';
import { until } from '../world/until.ts';
import { ask, exchangeRaw, openEdge, openUpstream, type Seen } from './edge-world.ts';
import { authority, leaf } from './front-world.ts';

const HOST = 'Host: a.test\r\n';

/** A TCP server that does with each connection what the test wants. */
async function openRaw(onSocket: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

test('bodies of any size pass in both directions, and back-pressure reaches the sender', async (t) => {
  const size = 24 * 1024 * 1024;
  const piece = randomBytes(64 * 1024);
  let sent = 0;
  let most = 0;
  const received = createHash('sha256');
  await using upstream = await openUpstream((request, response) => {
    if (request.method === 'GET') {
      const more = () => {
        while (sent < size) {
          sent += piece.length;
          if (!response.write(piece)) {
            response.once('drain', more);
            return;
          }
        }
        response.end();
      };
      more();
      return true;
    }
    request.on('data', (chunk: Buffer) => {
      received.update(chunk);
      most = Math.max(most, request.readableLength);
    });
    request.on('end', () => response.end('done'));
    return true;
  });
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'] });

  // A client that doesn't read: what the upstream can get rid of is what buffers hold, not the whole.
  const slow = connect({ port: it.http, host: '127.0.0.1' });
  slow.pause();
  slow.write(`GET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
  let before = -1;
  await until(async () => {
    const still = sent > 0 && sent === before;
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 150));
    return still;
  });
  t.true(sent < size, `${sent} of ${size} bytes left though nobody reads`);
  const down = createHash('sha256');
  let body = 0;
  let head = '';
  slow.on('data', (chunk: Buffer) => {
    if (!head.includes('\r\n\r\n')) {
      head += chunk.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) return;
      body += Buffer.byteLength(head, 'latin1') - end - 4;
      return;
    }
    body += chunk.length;
    down.update(chunk);
  });
  slow.resume();
  await once(slow, 'close');
  t.true(body >= size);

  const expected = createHash('sha256');
  const up = connect({ port: it.http, host: '127.0.0.1' });
  let answer = '';
  up.on('data', (chunk) => {
    answer += chunk.toString();
  });
  up.write(`POST / HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Length: ${size}\r\n\r\n`);
  for (let left = size; left > 0; left -= piece.length) {
    expected.update(piece);
    if (!up.write(piece)) await once(up, 'drain');
  }
  await once(up, 'close');
  t.regex(answer, /^HTTP\/1\.1 200 [\s\S]*done/);
  t.is(received.digest('hex'), expected.digest('hex'));
});

test('a chunked body arrives chunked with its trailers, but without those that would speak for us', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const text = await exchangeRaw(
    it.http,
    `POST / HTTP/1.1\r\n${HOST}Connection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum, X_Consumer_Id\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 5\r\nX_Consumer_Id: evil\r\nX-Forwarded-For: evil\r\nCookie: evil\r\n\r\n`,
  );
  t.regex(text, /^HTTP\/1\.1 200 /);
  t.is(upstream.seen[0]?.body, 'hello');
  t.is(upstream.seen[0]?.headers['transfer-encoding'], 'chunked');
  t.deepEqual({ ...upstream.seen[0]?.trailers }, { 'x-sum': '5' });
});

test('HEAD, 204 and 304 have no body, and the connection goes on', async (t) => {
  await using upstream = await openUpstream((request, response) => {
    if (request.url === '/204') response.writeHead(204).end();
    else if (request.url === '/304') response.writeHead(304, { 'content-length': '7' }).end();
    else response.writeHead(200, { 'content-length': '5' }).end('hello');
    return true;
  });
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const text = await exchangeRaw(
    it.http,
    `HEAD /h HTTP/1.1\r\n${HOST}\r\nGET /204 HTTP/1.1\r\n${HOST}\r\nGET /304 HTTP/1.1\r\n${HOST}\r\nGET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
  );
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
  t.deepEqual(statuses, ['200', '204', '304', '200']);
  t.is(text.match(/hello/g)?.length, 1);
  t.is(text.match(/^content-length: 5\r$/gim)?.length, 2);
  t.is(text.match(/^transfer-encoding/gim), null);
});

test('pipelined requests are served one after the other, in their order', async (t) => {
  let together = 0;
  let most = 0;
  await using upstream = await openUpstream((request, response) => {
    together += 1;
    most = Math.max(most, together);
    setTimeout(
      () => {
        together -= 1;
        response.end(`<${request.url}>`);
      },
      request.url === '/0' ? 60 : 1,
    );
    return true;
  });
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const all = Array.from({ length: 8 }, (_, i) => i);
  const text = await exchangeRaw(
    it.http,
    all.map((i) => `GET /${i} HTTP/1.1\r\n${HOST}${i === 7 ? 'Connection: close\r\n' : ''}\r\n`),
  );
  t.deepEqual(
    text.match(/<\/\d>/g),
    all.map((i) => `</${i}>`),
  );
  t.is(most, 1);
});

test('a client that waits for 100 gets it when the upstream gives it, and a refusal instead when it doesn’t', async (t) => {
  await using upstream = await openUpstream();
  upstream.server.on('checkContinue', (request, response) => {
    if (request.url === '/no') response.writeHead(417).end('no');
    else {
      response.writeContinue();
      upstream.server.emit('request', request, response);
    }
  });
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const head = (target: string) =>
    `POST ${target} HTTP/1.1\r\n${HOST}Content-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`;
  const socket = connect({ port: it.http, host: '127.0.0.1' });
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  socket.write(head('/yes'));
  await until(() => text === 'HTTP/1.1 100 Continue\r\n\r\n');
  socket.write('hello');
  await once(socket, 'close');
  t.regex(text, /HTTP\/1\.1 200 /);
  t.is(upstream.seen[0]?.body, 'hello');
  // Whether the body comes after all nobody knows: nothing more is read from that connection.
  const refused = await exchangeRaw(it.http, head('/no').replace('Connection: close\r\n', ''));
  t.regex(refused, /^HTTP\/1\.1 417 /);
  t.notRegex(refused, /100 Continue|not closed/);
  t.is(upstream.seen.length, 1);
});

test('connections to upstreams are kept and used again; one that was closed meanwhile is no error', async (t) => {
  await using upstream = await openUpstream();
  let connections = 0;
  upstream.server.on('connection', () => {
    connections += 1;
  });
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  for (let i = 0; i < 5; i += 1) t.is((await ask(it.http, `GET /${i}`)).status, 200);
  t.is(connections, 1);
  // The upstream closes as the next request is sent: what changes nothing is sent again.
  for (let i = 0; i < 20; i += 1) {
    for (const socket of upstream.sockets) socket.destroy();
    t.is((await ask(it.http, `GET /again${i}`)).status, 200);
  }
});

test('a request that can’t have reached anybody is tried again, one that may have isn’t', async (t) => {
  let connections = 0;
  await using broken = await openRaw((socket) => {
    connections += 1;
    socket.once('data', () => socket.destroy());
  });
  const nobody = await freePort();
  await using it = await openEdge();
  await it.route('broken', broken.port, { hosts: ['broken.test'] }, { retries: 5 });
  await it.route('nobody', nobody, { hosts: ['nobody.test'] }, { retries: 2 });
  await it.route(
    'name',
    80,
    { hosts: ['name.test'] },
    { host: 'no-such-name.invalid', retries: 0 },
  );
  const reset = await ask(it.http, 'GET /', 'broken.test');
  t.is(reset.status, 502);
  t.is(reset.body, '{"message":"An invalid response was received from the upstream server"}');
  t.is(connections, 1);
  t.is((await ask(it.http, 'GET /', 'nobody.test')).status, 502);
  const unknown = await ask(it.http, 'GET /', 'name.test');
  t.is(unknown.status, 503);
  t.is(unknown.body, '{"message":"name resolution failed"}');

  // Somebody listens before the tries are used up.
  const late = await freePort();
  await it.route('late', late, { hosts: ['late.test'] }, { retries: 32_767 });
  const asking = ask(it.http, 'POST /x', 'late.test', 'Content-Length: 0\r\n');
  const server = createServer((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  });
  server.listen(late, '127.0.0.1');
  t.is((await asking).body, 'ok');
  server.close();
});

test('time-outs of a service end in 504 and leave nothing behind', async (t) => {
  await using silent = await openRaw((socket) => socket.resume());
  await using stuck = await openRaw((socket) => socket.pause());
  await using it = await openEdge();
  await it.route('read', silent.port, { hosts: ['read.test'] }, { read_timeout: 150 });
  await it.route('write', stuck.port, { hosts: ['write.test'] }, { write_timeout: 200 });
  await it.route('far', 9, { hosts: ['far.test'] }, { host: '192.0.2.1', connect_timeout: 100 });
  const late = '{"message":"The upstream server is timing out"}';
  const read = await ask(it.http, 'GET /', 'read.test');
  t.deepEqual([read.status, read.body], [504, late]);
  await until(() => silent.sockets.size === 0);
  const body = 'x'.repeat(8 * 1024 * 1024);
  const write = await exchangeRaw(
    it.http,
    `POST / HTTP/1.1\r\nHost: write.test\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  t.regex(write, /^HTTP\/1\.1 504 /);
  const far = await ask(it.http, 'GET /', 'far.test');
  // Where that network is known to be unreachable the answer comes sooner.
  t.true(far.status === 504 || far.status === 502, far.head);
});

test('a slow client isn’t taken for a slow upstream', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge();
  await it.route(
    'a',
    upstream.port,
    { hosts: ['a.test'] },
    { write_timeout: 700, read_timeout: 700 },
  );
  const socket = connect({ port: it.http, host: '127.0.0.1' });
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  socket.write(`POST / HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Length: 5\r\n\r\nhe`);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  socket.write('llo');
  await once(socket, 'close');
  t.regex(text, /^HTTP\/1\.1 200 /);
  t.is(upstream.seen[0]?.body, 'hello');
});

test('a response that breaks off breaks the client’s connection, whatever framed it', async (t) => {
  await using upstream = await openRaw((socket) => {
    socket.once('data', (chunk) => {
      const chunked = chunk.toString().startsWith('GET /chunked');
      socket.write(
        chunked
          ? 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'
          : 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello',
        () => socket.destroy(),
      );
    });
  });
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  for (const target of ['/chunked', '/length']) {
    for (const version of ['1.1', '1.0']) {
      const socket = connect({ port: it.http, host: '127.0.0.1' });
      let text = '';
      let reset = false;
      socket.on('data', (chunk) => {
        text += chunk.toString();
      });
      socket.on('error', () => {
        reset = true;
      });
      socket.write(`GET ${target} HTTP/${version}\r\n${HOST}\r\n`);
      await new Promise((resolve) => socket.once('close', resolve));
      t.regex(text, /^HTTP\/1\.1 200 [\s\S]*hello/, `${target} ${version}`);
      t.false(text.endsWith('0\r\n\r\n'), `${target} ${version}`);
      t.true(reset, `${target} ${version}`);
    }
  }
});

test('what isn’t a response by the rules is 502', async (t) => {
  const answers: Record<string, string> = {
    '/garbage': 'hello\r\n\r\n',
    '/both': 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    '/coding': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    '/lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
    '/switch': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
    '/control': 'HTTP/1.1 200 OK\r\nX: a\x01b\r\nContent-Length: 0\r\n\r\n',
    '/del': 'HTTP/1.1 200 OK\r\nX: a\x7fb\r\nContent-Length: 0\r\n\r\n',
    '/split': 'HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n',
  };
  await using upstream = await openRaw((socket) => {
    socket.once('data', (chunk) => {
      const target = /^GET (\S+)/.exec(chunk.toString())?.[1] ?? '';
      socket.end(answers[target] ?? '');
    });
  });
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const got: Record<string, number> = {};
  for (const target of Object.keys(answers))
    got[target] = (await ask(it.http, `GET ${target}`)).status;
  t.deepEqual(got, Object.fromEntries(Object.keys(answers).map((target) => [target, 502])));
});

test('a client that goes away takes its request back from the upstream', async (t) => {
  let asked = 0;
  await using upstream = await openRaw((socket) => {
    socket.on('data', () => {
      asked += 1;
    });
  });
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const socket = connect({ port: it.http, host: '127.0.0.1' });
  socket.write(`GET / HTTP/1.1\r\n${HOST}\r\n`);
  await until(() => asked > 0);
  socket.destroy();
  await until(() => upstream.sockets.size === 0);
  await until(() => it.edge.status().requests === 0);
  t.is(it.edge.status().connections, 0);
});

test('an upstream may answer before it has the body, and the client gets that answer', async (t) => {
  await using upstream = await openUpstream((_request, response) => {
    response.writeHead(413).end('too much');
    return true;
  });
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const text = await exchangeRaw(it.http, [
    `POST / HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Length: 400000\r\n\r\n`,
    'x'.repeat(400_000),
  ]);
  t.regex(text, /^HTTP\/1\.1 413 [\s\S]*too much/);
});

test('an answer that needs no body reaches a client that is still sending one', async (t) => {
  await using it = await openEdge();
  for (let i = 0; i < 5; i += 1) {
    const socket = connect({ port: it.http, host: '127.0.0.1' });
    socket.on('error', () => {});
    socket.pause();
    socket.write(
      `POST /nowhere HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Length: 6000000\r\n\r\n`,
    );
    // All of it, before anything is read.
    await new Promise((resolve) => socket.write('x'.repeat(6_000_000), resolve));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    t.regex(text, /^HTTP\/1\.1 404 [\s\S]*no Route matched/);
  }
});

test('a body larger than the limit is refused, also when its size shows only on the way', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge({ config: { limits: { body: '1KiB' } } });
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const body = 'x'.repeat(2000);
  const told = `POST / HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Length: 2000\r\n\r\n${body}`;
  const chunked = `POST / HTTP/1.1\r\n${HOST}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n${body}\r\n0\r\n\r\n`;
  t.regex(await exchangeRaw(it.http, told), /^HTTP\/1\.1 413 [\s\S]*Request size limit exceeded/);
  t.regex(await exchangeRaw(it.http, chunked), /^HTTP\/1\.1 413 /);
  t.is(upstream.seen.length, 0);
});

test('WebSocket is passed through both ways; a refusal comes back as it is', async (t) => {
  await using upstream = await openUpstream((_request, response) => {
    response.writeHead(403).end('no');
    return true;
  });
  upstream.server.on('upgrade', (request, socket, head) => {
    if (request.url !== '/ws') {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
      return;
    }
    t.is(request.headers['connection'], 'Upgrade');
    t.is(request.headers['x-forwarded-for'], '127.0.0.1');
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\nhi',
    );
    socket.write(head);
    socket.on('data', (chunk: Buffer) => socket.write(`<${chunk}>`));
    socket.on('end', () => socket.end());
  });
  await using it = await openEdge();
  await it.route('a', upstream.port, { hosts: ['a.test'] });
  const head = (target: string) =>
    `GET ${target} HTTP/1.1\r\n${HOST}Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
  const socket = connect({ port: it.http, host: '127.0.0.1' });
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  socket.write(`${head('/ws')}early`);
  await until(() => text.includes('early'));
  t.regex(text, /^HTTP\/1\.1 101 [\s\S]*sec-websocket-accept: x/i);
  socket.write('ping');
  await until(() => text.includes('<ping>'));
  t.is(it.edge.status().requests, 1);
  socket.destroy();
  await until(() => it.edge.status().requests === 0);
  await until(() => upstream.sockets.size === 0);
  const refused = await exchangeRaw(it.http, head('/other'));
  t.regex(refused, /^HTTP\/1\.1 403 [\s\S]*no$/);
});

test('https upstreams are verified: by authority, name and depth, unless the service says otherwise', async (t) => {
  const ca = await authority('upstreams');
  const [pair] = (await leaf(ca, 'localhost', 'server')).pairs;
  const server = createHttpsServer({ cert: pair?.chain, key: pair?.key }, (request, response) => {
    response.end(JSON.stringify({ url: request.url }));
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await using dir = await tempDir();
  const file = join(dir.path, 'ca.pem');
  await writeFile(file, ca.certificate);
  await using strict = await openEdge();
  await using knowing = await openEdge({ config: { upstream: { ca_file: file } } });
  const https = { protocol: 'https', retries: 0 };
  for (const it of [strict, knowing]) {
    await it.route('good', port, { hosts: ['good.test'] }, { ...https, host: 'localhost' });
    await it.route('name', port, { hosts: ['name.test'] }, { ...https, host: '127.0.0.1' });
    await it.route('any', port, { hosts: ['any.test'] }, { ...https, tls_verify: false });
    await it.route(
      'own',
      port,
      { hosts: ['own.test'] },
      { ...https, client_certificate: { id: '00000000-0000-4000-8000-000000000001' } },
    );
  }
  const statuses = async (it: typeof strict) => {
    const all: number[] = [];
    for (const name of ['good', 'name', 'any', 'own']) {
      all.push((await ask(it.http, 'GET /', `${name}.test`)).status);
    }
    return all;
  };
  t.deepEqual(await statuses(strict), [502, 502, 200, 503]);
  t.deepEqual(await statuses(knowing), [200, 502, 200, 503]);
  server.closeAllConnections();
  server.close();
  await t.throwsAsync(openEdge({ config: { upstream: { ca_file: '/nowhere.pem' } } }), {
    code: 'SP_ERR_CONFIG',
  });
});

test('a service that changes gets connections of its own, and the old ones end', async (t) => {
  await using one = await openUpstream();
  await using two = await openUpstream();
  await using it = await openEdge();
  const { service, route } = await it.route('a', one.port, { hosts: ['a.test'] });
  t.is((await ask(it.http, 'GET /')).status, 200);
  t.is(one.sockets.size, 1);
  await it.remove('routes', route);
  await it.remove('services', service);
  await it.route('b', two.port, { hosts: ['a.test'] });
  const got = JSON.parse((await ask(it.http, 'GET /')).body) as Seen;
  t.is(got.headers['host'], `127.0.0.1:${two.port}`);
  await until(() => one.sockets.size === 0);
  t.is(it.edge.status().pools, 1);
});
