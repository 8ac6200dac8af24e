import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import {
  type AdminSettings,
  adminSettings,
  createAdmin,
  ListenError,
  type RouteGroup,
} from '@sallyport/admin';
import {
  createHealth,
  createLogger,
  defineConfig,
  exitCodeOf,
  InUseError,
  loadConfig,
} from '@sallyport/runtime';
import test from 'ava';
import fc from 'fast-check';
import { Type } from 'typebox';
import { runs } from '../world/deep.ts';
import { until } from '../world/until.ts';

const TOKEN = 'operator-token-0123456789';

async function settings(yaml = '', env: Record<string, string> = {}): Promise<AdminSettings> {
  const section = defineConfig('edge', Type.Object({ admin: adminSettings(0) }));
  const files = [{ name: 't', text: `edge: { admin: { ${yaml} } }` }];
  return (await loadConfig({ sections: [section], files, env })).values.edge.admin;
}

const arrived = Promise.withResolvers<void>();
const held = Promise.withResolvers<void>();

const routes: RouteGroup[] = [
  {
    prefix: '/v1',
    access: 'operator',
    register(router) {
      router.get(
        '/things/:id',
        {
          schema: {
            summary: 'One thing',
            params: Type.Object({ id: Type.Integer() }),
            response: { 200: Type.Object({ id: Type.Integer() }) },
          },
        },
        (request) => ({ id: request.params.id }),
      );
      router.post(
        '/things',
        {
          schema: {
            body: Type.Object(
              { name: Type.String({ maxLength: 8 }) },
              { additionalProperties: false },
            ),
          },
        },
        (request) => ({ name: request.body.name.toUpperCase() }),
      );
    },
  },
  {
    prefix: '/open',
    access: 'open',
    register(router) {
      router.get('/hello', () => ({ hello: 'you' }));
      router.get('/broken', () => {
        throw new Error('the secret inside');
      });
      router.get('/held', async () => {
        arrived.resolve();
        await held.promise;
        return { done: true };
      });
      router.get('/endless', () => new Promise<never>(() => {}));
    },
  },
];

async function open(
  yaml = '',
  more: { metrics?: () => Promise<{ contentType: string; body: string }> } = {},
) {
  const lines: string[] = [];
  const logger = createLogger({
    sink: { write: (l) => void lines.push(l), flush: async () => {} },
  });
  const health = createHealth();
  const config = await settings(`token: "env:T"${yaml === '' ? '' : `, ${yaml}`}`, { T: TOKEN });
  const about = { title: 'Test', version: '1.0.0' };
  const admin = createAdmin({ health, logger, about, routes, ...more }, config);
  await admin.start();
  const url = admin.url ?? '';
  return {
    admin,
    health,
    lines,
    url,
    port: Number(new URL(url).port),
    get: (path: string, init: RequestInit = {}) => fetch(url + path, init),
    async [Symbol.asyncDispose]() {
      await admin[Symbol.asyncDispose]();
      health[Symbol.dispose]();
    },
  };
}

/** Sends bytes as they are and gives the status line's number; 0 when the connection just ends. */
async function raw(port: number, head: string): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setTimeout(5000, () => socket.destroy());
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  // A refusal may come as a reset while we are still writing; the answer, if any, is in `text`.
  socket.on('error', () => {});
  socket.write(head, 'latin1');
  const closed = Promise.withResolvers<void>();
  socket.on('close', () => closed.resolve());
  await closed.promise;
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
}

const ask = (port: number, headers: string[], target = '/open/hello', method = 'GET') =>
  raw(
    port,
    `${method} ${target} HTTP/1.1\r\n${[...headers, 'Connection: close'].join('\r\n')}\r\n\r\n`,
  );

test('/livez and /readyz answer with every check and its reason, 503 while not ready', async (t) => {
  await using it = await open();
  t.is((await it.get('/livez')).status, 200);
  t.is((await it.get('/readyz')).status, 503);
  it.health.enter('up');
  it.health.addReadiness('bus', () => 'no connection to the broker');
  const response = await it.get('/readyz');
  t.is(response.status, 503);
  t.deepEqual(await response.json(), {
    ok: false,
    checks: [
      { name: 'phase', ok: true },
      { name: 'bus', ok: false, reason: 'no connection to the broker' },
    ],
  });
});

test('/readyz turns 503 when the process drains, and the listener still answers then', async (t) => {
  await using it = await open();
  it.health.enter('up');
  t.is((await it.get('/readyz')).status, 200);
  it.health.enter('draining');
  t.is((await it.get('/readyz')).status, 503);
  t.is((await it.get('/livez')).status, 200);
});

test('/metrics serves the page it is given, and says why when there is none or it fails', async (t) => {
  await using off = await open();
  t.is((await off.get('/metrics')).status, 404);
  await using on = await open('', {
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'up 1\n' }),
  });
  const response = await on.get('/metrics');
  t.is(response.headers.get('content-type'), 'text/plain; version=0.0.4');
  t.is(await response.text(), 'up 1\n');
  await using bad = await open('', { metrics: () => Promise.reject(new Error('inside')) });
  const failed = await bad.get('/metrics');
  t.is(failed.status, 500);
  t.notRegex(await failed.text(), /inside/);
});

test('a route for operators wants the token; a wrong, missing or misplaced one is 401', async (t) => {
  await using it = await open();
  const as = async (authorization?: string) =>
    (
      await it.get(
        '/v1/things/1',
        authorization === undefined ? {} : { headers: { authorization } },
      )
    ).status;
  t.is(await as(`Bearer ${TOKEN}`), 200);
  t.is(await as(`bearer ${TOKEN}`), 200);
  for (const wrong of [
    undefined,
    'Bearer',
    'Bearer x',
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(1)}`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Basic ${TOKEN}`,
    TOKEN,
  ]) {
    t.is(await as(wrong), 401, wrong);
  }
  t.is((await it.get(`/v1/things/1?token=${TOKEN}`)).status, 401);
  t.is((await it.get('/v1/none', {})).status, 404);
  t.is((await it.get('/open/hello')).status, 200);
  t.false(it.lines.join('').includes(TOKEN));
});

test('without a configured token nobody is an operator', async (t) => {
  using health = createHealth();
  const logger = createLogger({ sink: { write: () => {}, flush: async () => {} } });
  const about = { title: 'Test', version: '1' };
  await using admin = createAdmin({ health, logger, about, routes }, await settings());
  await admin.start();
  for (const authorization of ['Bearer ', 'Bearer undefined', 'x']) {
    t.is((await fetch(`${admin.url}/v1/things/1`, { headers: { authorization } })).status, 403);
  }
});

test('a route’s schemas convert and check what comes in; a body is never converted', async (t) => {
  await using it = await open();
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  t.deepEqual(await (await it.get('/v1/things/7', { headers })).json(), { id: 7 });
  const bad = await it.get('/v1/things/x', { headers });
  t.is(bad.status, 400);
  t.is(bad.headers.get('content-type'), 'application/problem+json');
  const post = async (body: string) =>
    (await it.get('/v1/things', { method: 'POST', headers, body })).status;
  t.is(await post('{"name":"abc"}'), 200);
  t.is(await post('{"name":1}'), 400);
  t.is(await post('{"name":"abc","more":1}'), 400);
  t.is(await post('{"name":"abc","__proto__":{"x":1}}'), 400);
  t.is(await post('{"name":'), 400);
});

test('what goes wrong inside is logged and not told', async (t) => {
  await using it = await open();
  const response = await it.get('/open/broken');
  t.is(response.status, 500);
  t.notRegex(await response.text(), /secret inside/);
  t.regex(it.lines.join(''), /the secret inside/);
});

test('/openapi.json is an OpenAPI 3.1 document of all routes that says which want the token', async (t) => {
  await using it = await open();
  const document = (await (await it.get('/openapi.json')).json()) as {
    openapi: string;
    paths: Record<string, Record<string, { security?: unknown; parameters?: unknown[] }>>;
  };
  t.is(document.openapi, '3.1.0');
  t.deepEqual(Object.keys(document.paths).sort(), [
    ...[
      '/livez',
      '/metrics',
      '/open/broken',
      '/open/endless',
      '/open/held',
      '/open/hello',
      '/readyz',
    ],
    ...['/v1/things', '/v1/things/{id}'],
  ]);
  t.deepEqual(document.paths['/v1/things/{id}']?.['get']?.security, [{ operator: [] }]);
  t.is(document.paths['/open/hello']?.['get']?.security, undefined);
  t.deepEqual(it.admin.openapi(), document);
});

test('only Hosts that are ours are answered: DNS rebinding finds nobody, on loopback neither', async (t) => {
  await using it = await open('allowed_hosts: [edge-1.internal]');
  const { port } = it;
  for (const host of [
    'localhost',
    'LocalHost',
    `localhost:${port}`,
    '127.0.0.1',
    `127.0.0.1:${port}`,
    'edge-1.internal:9180',
    'localhost.',
  ]) {
    t.is(await ask(port, [`Host: ${host}`]), 200, host);
  }
  for (const host of [
    ...[
      'evil.example',
      `evil.example:${port}`,
      'localhost.evil.example',
      'xlocalhost',
      '127.0.0.1.evil.example',
    ],
    ...[
      '127.0.0.2',
      '0.0.0.0',
      '[::1]',
      '10.0.0.1',
      '0x7f.1',
      '2130706433',
      '127.1',
      'edge-2.internal',
    ],
  ]) {
    t.is(await ask(port, [`Host: ${host}`]), 421, host);
    t.is(await ask(port, [`Host: ${host}`], '/readyz'), 421, host);
  }
  for (const host of [
    '',
    'localhost, evil',
    'localhost evil',
    'a@localhost',
    'http://localhost',
    '[::1',
    '[localhost]',
    'localhost:999999',
    'localhost:',
    'é',
  ]) {
    t.is(await ask(port, [`Host: ${host}`]), 400, host);
  }
  t.is(await ask(port, []), 400);
  t.is(await ask(port, ['Host: localhost', 'Host: evil.example']), 400);
  t.is(await ask(port, ['Host: localhost'], 'http://evil.example/open/hello'), 400);
  t.is(await ask(port, ['Host: localhost'], '*', 'OPTIONS'), 400);
});

test('requests that a page of another site sends are refused, on loopback too', async (t) => {
  await using it = await open('allowed_origins: ["https://console.example"]');
  const { port } = it;
  const host = `Host: 127.0.0.1:${port}`;
  for (const headers of [
    [],
    [`Origin: http://127.0.0.1:${port}`, 'Sec-Fetch-Site: same-origin'],
    ['Sec-Fetch-Site: none'],
    ['Origin: https://console.example', 'Sec-Fetch-Site: cross-site'],
  ]) {
    t.is(await ask(port, [host, ...headers]), 200, headers.join());
  }
  for (const headers of [
    ['Origin: https://evil.example'],
    ['Origin: null'],
    ['Origin: '],
    ['Origin: http://127.0.0.1:1'],
    [`Origin: http://localhost:${port}`],
    [`Origin: http://127.0.0.1:${port}`, 'Origin: https://evil.example'],
    ['Origin: https://console.example.evil.example'],
    ['Origin: https://console.example', 'Origin: https://evil.example'],
    ['Sec-Fetch-Site: cross-site'],
    ['Sec-Fetch-Site: same-site'],
    ['Sec-Fetch-Site: '],
    ['Sec-Fetch-Site: Same-Origin'],
    ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site'],
    [`Origin: http://127.0.0.1:${port}`, 'Sec-Fetch-Site: cross-site'],
  ]) {
    for (const [method, path] of [
      ['GET', '/open/hello'],
      ['POST', '/v1/things'],
      ['OPTIONS', '/v1/things'],
      ['GET', '/nothing'],
    ] as const) {
      t.is(
        await ask(port, [host, ...headers, `Authorization: Bearer ${TOKEN}`], path, method),
        403,
        headers.join(),
      );
    }
  }
});

test('whatever Host and Origin say, only known ones are answered', async (t) => {
  await using it = await open(
    'allowed_hosts: [edge.internal], allowed_origins: ["https://console.example"]',
  );
  const { port } = it;
  const piece = fc.constantFrom(
    'localhost',
    '127.0.0.1',
    'edge.internal',
    'evil',
    '.',
    ':',
    `${port}`,
    '[',
    ']',
    '::1',
    '@',
    '/',
    ' ',
    ',',
    'http://',
    'https://',
    'console.example',
    '\t',
    '%00',
    '\\',
  );
  const text = fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join(''));
  const good = /^(localhost\.?|127\.0\.0\.1\.?|edge\.internal\.?)(:\d{1,5})?$/;
  let answered = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(text, fc.constantFrom('localhost', `127.0.0.1:${port}`)),
      fc.option(text, { nil: undefined }),
      async (host, origin) => {
        const status = await ask(port, [
          `Host: ${host}`,
          ...(origin === undefined ? [] : [`Origin: ${origin}`]),
        ]);
        if (status !== 200) return [400, 403, 421].includes(status);
        answered += 1;
        // Blanks around a header's value aren't part of it (RFC 9112, 5.1).
        const [h, o] = [host.trim(), origin?.trim()];
        return (
          good.test(h) &&
          (o === undefined ||
            o === `http://${h}` ||
            o === `https://${h}` ||
            o === 'https://console.example')
        );
      },
    ),
    runs(400),
  );
  t.true(answered > 10);
});

test('a body or head that is too large is refused', async (t) => {
  await using it = await open('max_body: 1kB');
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ name: 'x'.repeat(2000) });
  t.is((await it.get('/v1/things', { method: 'POST', headers, body })).status, 413);
  t.is(await ask(it.port, ['Host: localhost', `X: ${'x'.repeat(20_000)}`]), 431);
});

test('more connections than allowed are not served', async (t) => {
  await using it = await open('max_connections: 2');
  const sockets = [1, 2].map(() => connect(it.port, '127.0.0.1'));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  await until(async () => (await ask(it.port, ['Host: localhost'])) === 0);
  for (const socket of sockets) socket.destroy();
  await until(async () => (await ask(it.port, ['Host: localhost'])) === 200);
  t.pass();
});

test('a port that is taken is an InUseError and exit 73; another failure to listen says which address', async (t) => {
  await using it = await open();
  using health = createHealth();
  const logger = createLogger({ sink: { write: () => {}, flush: async () => {} } });
  const about = { title: 'Test', version: '1' };
  await using second = createAdmin({ health, logger, about }, await settings(`port: ${it.port}`));
  const taken = await t.throwsAsync(second.start(), { instanceOf: InUseError });
  t.is(exitCodeOf(taken), 73);
  t.regex(taken.message, new RegExp(`127.0.0.1:${it.port}`));
  await using wrong = createAdmin({ health, logger, about }, await settings('host: 203.0.113.1'));
  await t.throwsAsync(wrong.start(), { instanceOf: ListenError, message: /203\.0\.113\.1/ });
});

test('disposing lets a running request end and doesn’t wait for idle connections', async (t) => {
  const it = await open();
  const idle = connect(it.port, '127.0.0.1');
  await once(idle, 'connect');
  const kept = await it.get('/open/hello');
  await kept.text();
  const running = it.get('/open/held');
  await arrived.promise;
  const began = performance.now();
  const closed = it[Symbol.asyncDispose]();
  held.resolve();
  t.deepEqual(await (await running).json(), { done: true });
  await closed;
  t.true(performance.now() - began < 1500, 'it waits for idle connections');
  await t.throwsAsync(fetch(`${it.url}/livez`));
  idle.destroy();
});

test('a request that was on its way when the listener closed is answered like any other', async (t) => {
  const it = await open();
  const socket = connect(it.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`GET /open/hello HTTP/1.1\r\nHost: localhost:${it.port}\r\n`);
  // Behind that head, so it has been read when this is answered.
  await (await it.get('/open/hello')).text();
  const closed = it[Symbol.asyncDispose]();
  await until(async () => (await it.get('/livez').catch(() => undefined)) === undefined);
  socket.write('\r\n');
  const [answer] = await once(socket, 'data');
  t.regex(String(answer), /^HTTP\/1\.1 200 /);
  t.regex(String(answer), /^connection: close\r$/im);
  await closed;
});

test('with drain_idle a kept connection may send one more request while it closes, and no other comes', async (t) => {
  const it = await open('drain_idle: 5s');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const hello = async () => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    request({ host: '127.0.0.1', port: it.port, path: '/open/hello', agent }, resolve)
      .on('error', reject)
      .end();
    const answer = await promise;
    answer.resume();
    await once(answer, 'end');
    return answer;
  };
  t.is((await hello()).headers.connection, 'keep-alive');
  const began = performance.now();
  const closed = it[Symbol.asyncDispose]();
  const refused = connect(it.port, '127.0.0.1');
  const [error] = await once(refused, 'error');
  t.is(error.code, 'ECONNREFUSED');
  const last = await hello();
  t.is(last.statusCode, 200);
  t.is(last.headers.connection, 'close');
  await closed;
  t.true(performance.now() - began < 4000, 'it waits for nobody any more');
  agent.destroy();
});

test('disposing cuts a request that doesn’t end', async (t) => {
  const it = await open();
  const status = ask(it.port, ['Host: localhost'], '/open/endless');
  await until(async () => (await it.get('/open/hello')).ok);
  const began = performance.now();
  await it[Symbol.asyncDispose]();
  t.true(performance.now() - began < 4000, 'it waits for the client');
  t.is(await status, 0);
});

test('a client that sends too slowly is cut off, in the head and in the body', async (t) => {
  await using it = await open('request_timeout: 1s');
  const [head, body] = await Promise.all([
    raw(it.port, 'GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: '),
    raw(
      it.port,
      `POST /v1/things HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
    ),
  ]);
  t.is(head, 408);
  t.is(body, 408);
});
