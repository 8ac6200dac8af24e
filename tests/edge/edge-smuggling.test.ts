import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';
import { exchangeRaw, openEdge, openUpstream } from './edge-world.ts';

/** Each row: bytes to the port, the statuses that come back, and what the upstream saw (method, target, body). */
const H = 'Host: a.test\r\n';
const END = 'Connection: close\r\n';
const rows: readonly {
  readonly name: string;
  readonly bytes: string;
  readonly statuses: readonly number[];
  readonly seen?: readonly (readonly [string, string, string])[];
}[] = [
  {
    name: 'a length and a coding',
    bytes: `POST / HTTP/1.1\r\n${H}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG`,
    statuses: [400],
  },
  {
    name: 'a coding and a length',
    bytes: `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\nZ\r\n0\r\n\r\n`,
    statuses: [400],
  },
  {
    name: 'two lengths that differ',
    bytes: `POST / HTTP/1.1\r\n${H}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`,
    statuses: [400],
  },
  {
    name: 'two lengths that agree',
    bytes: `POST / HTTP/1.1\r\n${H}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`,
    statuses: [400],
  },
  {
    name: 'a list of lengths',
    bytes: `POST / HTTP/1.1\r\n${H}Content-Length: 5, 5\r\n\r\nhello`,
    statuses: [400],
  },
  {
    name: 'a signed length',
    bytes: `POST / HTTP/1.1\r\n${H}Content-Length: +5\r\n\r\nhello`,
    statuses: [400],
  },
  {
    name: 'a hexadecimal length',
    bytes: `POST / HTTP/1.1\r\n${H}Content-Length: 0x5\r\n\r\nhello`,
    statuses: [400],
  },
  {
    name: 'a length beyond what can be counted',
    bytes: `POST / HTTP/1.1\r\n${H}Content-Length: 99999999999999999999\r\n\r\nhello`,
    statuses: [400],
  },
  {
    name: 'an empty length',
    bytes: `POST / HTTP/1.1\r\n${H}Content-Length: \r\n\r\n`,
    statuses: [400],
  },
  {
    name: 'codings that end in chunked',
    bytes: `POST / HTTP/1.1\r\n${H}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    statuses: [501],
  },
  {
    name: 'a coding that is only like chunked',
    bytes: `POST / HTTP/1.1\r\n${H}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    statuses: [501],
  },
  {
    name: 'chunked that isn’t last',
    bytes: `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    statuses: [400],
  },
  {
    name: 'chunked twice',
    bytes: `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    statuses: [400],
  },
  {
    name: 'a coding behind a vertical tab',
    bytes: `POST / HTTP/1.1\r\n${H}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`,
    statuses: [400],
  },
  {
    name: 'a coding in HTTP/1.0',
    bytes: `POST / HTTP/1.0\r\n${H}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    statuses: [400],
  },
  {
    name: 'space before the colon',
    bytes: `POST / HTTP/1.1\r\n${H}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
    statuses: [400],
  },
  {
    name: 'a tab before the colon',
    bytes: `POST / HTTP/1.1\r\n${H}Content-Length\t: 5\r\n\r\nhello`,
    statuses: [400],
  },
  {
    name: 'a folded line',
    bytes: `POST / HTTP/1.1\r\n${H}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`,
    statuses: [400],
  },
  {
    name: 'a line that begins with a space',
    bytes: `GET / HTTP/1.1\r\n X: y\r\n${H}\r\n`,
    statuses: [400],
  },
  {
    name: 'bare line feeds in the head',
    bytes: `GET / HTTP/1.1\nHost: a.test\n\n`,
    statuses: [400],
  },
  {
    name: 'a bare line feed at the end of one field',
    bytes: `POST / HTTP/1.1\r\n${H}X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    statuses: [400],
  },
  {
    name: 'a bare carriage return in a value',
    bytes: `GET / HTTP/1.1\r\n${H}X: y\rTransfer-Encoding: chunked\r\n\r\n`,
    statuses: [400],
  },
  {
    name: 'a NUL in a value',
    bytes: `GET / HTTP/1.1\r\n${H}X: a\0b\r\n\r\n`,
    statuses: [400],
  },
  {
    name: 'a DEL in a value',
    bytes: `GET / HTTP/1.1\r\n${H}X: a\x7fb\r\n\r\n`,
    statuses: [400],
  },
  {
    name: 'a control character in a value',
    bytes: `GET / HTTP/1.1\r\n${H}X: a\x01b\r\n\r\n`,
    statuses: [400],
  },
  {
    name: 'a NUL in a name',
    bytes: `GET / HTTP/1.1\r\n${H}X\0: a\r\n\r\n`,
    statuses: [400],
  },
  {
    name: 'a field without a name',
    bytes: `GET / HTTP/1.1\r\n${H}: a\r\n\r\n`,
    statuses: [400],
  },
  {
    name: 'a chunk size with a sign',
    bytes: `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n`,
    statuses: [400],
  },
  {
    name: 'a chunk size with 0x',
    bytes: `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n`,
    statuses: [400],
  },
  {
    name: 'chunks ended by bare line feeds',
    bytes: `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n`,
    statuses: [400],
  },
  {
    name: 'a chunk longer than its size',
    bytes: `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n`,
    statuses: [400],
  },
  {
    name: 'a chunk size that overflows',
    bytes: `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n`,
    statuses: [400],
  },
  {
    name: 'a chunk extension is dropped',
    bytes: `POST / HTTP/1.1\r\n${H}${END}Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n`,
    statuses: [200],
    seen: [['POST', '/', 'hello']],
  },
  {
    name: 'a length with leading zeros is a length',
    bytes: `POST / HTTP/1.1\r\n${H}${END}Content-Length: 0005\r\n\r\nhello`,
    statuses: [200],
    seen: [['POST', '/', 'hello']],
  },
  {
    name: 'a request hidden in a body of GET stays a body',
    bytes: `GET / HTTP/1.1\r\n${H}${END}Content-Length: 32\r\n\r\nGET /admin HTTP/1.1\r\nX: 12345\r\n\r\n`,
    statuses: [200],
    seen: [['GET', '/', 'GET /admin HTTP/1.1\r\nX: 12345\r\n\r\n'.slice(0, 32)]],
  },
  {
    name: 'a body behind a request without one is another request, or refused',
    bytes: `GET / HTTP/1.1\r\n${H}\r\nGET /two HTTP/1.1\r\n${H}${END}\r\n`,
    statuses: [200, 200],
    seen: [
      ['GET', '/', ''],
      ['GET', '/two', ''],
    ],
  },
  {
    name: 'two hosts',
    bytes: `GET / HTTP/1.1\r\n${H}Host: b.test\r\n\r\n`,
    statuses: [400],
  },
  {
    name: 'the same host twice',
    bytes: `GET / HTTP/1.1\r\n${H}${H}\r\n`,
    statuses: [400],
  },
  { name: 'no host', bytes: 'GET / HTTP/1.1\r\n\r\n', statuses: [400] },
  { name: 'an empty host', bytes: 'GET / HTTP/1.1\r\nHost:\r\n\r\n', statuses: [400] },
  {
    name: 'a host that is none',
    bytes: 'GET / HTTP/1.1\r\nHost: a.test/b@c\r\n\r\n',
    statuses: [400],
  },
  {
    name: 'a host with a name and another in its port',
    bytes: 'GET / HTTP/1.1\r\nHost: a.test:80@b.test\r\n\r\n',
    statuses: [400],
  },
  {
    name: 'an absolute target decides over Host',
    bytes: `GET http://a.test/x HTTP/1.1\r\nHost: other.test\r\n${END}\r\n`,
    statuses: [200],
    seen: [['GET', '/x', '']],
  },
  {
    name: 'an absolute target with a bad authority',
    bytes: `GET http://a.test@b.test/x HTTP/1.1\r\n${H}\r\n`,
    statuses: [400],
  },
  { name: 'another scheme', bytes: `GET ftp://a.test/ HTTP/1.1\r\n${H}\r\n`, statuses: [400] },
  { name: 'an authority as target', bytes: `GET a.test:80 HTTP/1.1\r\n${H}\r\n`, statuses: [400] },
  { name: 'an asterisk', bytes: `OPTIONS * HTTP/1.1\r\n${H}\r\n`, statuses: [400] },
  { name: 'a relative target', bytes: `GET x HTTP/1.1\r\n${H}\r\n`, statuses: [400] },
  { name: 'a fragment', bytes: `GET /a#b HTTP/1.1\r\n${H}\r\n`, statuses: [400] },
  { name: 'a backslash', bytes: `GET /a\\..\\b HTTP/1.1\r\n${H}\r\n`, statuses: [400] },
  { name: 'a broken escape', bytes: `GET /a%zz HTTP/1.1\r\n${H}\r\n`, statuses: [400] },
  { name: 'bytes beyond ASCII', bytes: `GET /\xe4 HTTP/1.1\r\n${H}\r\n`, statuses: [400] },
  { name: 'a space in the target', bytes: `GET /a b HTTP/1.1\r\n${H}\r\n`, statuses: [400] },
  { name: 'no version', bytes: `GET /\r\n${H}\r\n`, statuses: [505] },
  { name: 'version 0.9', bytes: `GET / HTTP/0.9\r\n${H}\r\n`, statuses: [505] },
  { name: 'version 2.0', bytes: `GET / HTTP/2.0\r\n${H}\r\n`, statuses: [505] },
  { name: 'version 1.2', bytes: `GET / HTTP/1.2\r\n${H}\r\n`, statuses: [400] },
  {
    name: 'the preface of HTTP/2',
    bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    statuses: [400],
  },
  { name: 'CONNECT', bytes: `CONNECT a.test:443 HTTP/1.1\r\n${H}\r\n`, statuses: [405] },
  { name: 'TRACE', bytes: `TRACE / HTTP/1.1\r\n${H}\r\n`, statuses: [405] },
  { name: 'a method that nobody knows', bytes: `FOO / HTTP/1.1\r\n${H}\r\n`, statuses: [400] },
  {
    name: 'an expectation that is none',
    bytes: `POST / HTTP/1.1\r\n${H}Expect: more\r\nContent-Length: 2\r\n\r\nhi`,
    statuses: [417],
  },
  {
    name: 'h2c isn’t granted, the request is served',
    bytes: `GET / HTTP/1.1\r\n${H}Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n`,
    statuses: [200],
    seen: [['GET', '/', '']],
  },
  {
    name: 'WebSocket with a body isn’t granted',
    bytes: `GET / HTTP/1.1\r\n${H}Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nContent-Length: 2\r\n\r\nhi`,
    statuses: [200],
    seen: [['GET', '/', 'hi']],
  },
  { name: 'TLS on the plain port', bytes: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc', statuses: [400] },
];

test('what can be read in two ways is refused, and what is passed on means what was decided', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge({ config: { limits: { head_timeout: '2s' } } });
  await it.route('a', upstream.port, { hosts: ['a.test'], paths: ['/'] }, { retries: 0 });
  const wrong: unknown[] = [];
  for (const { name, bytes, statuses, seen = [] } of rows) {
    upstream.seen.length = 0;
    const text = await exchangeRaw(it.http, bytes, 5000);
    const got = {
      statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)),
      seen: upstream.seen.map(({ method, url, body }) => [method, url, body]),
      hosts: new Set(upstream.seen.map(({ headers }) => headers['host'])),
    };
    const hosts = new Set(seen.length === 0 ? [] : [`127.0.0.1:${upstream.port}`]);
    const expected = { statuses, seen, hosts };
    if (!isDeepStrictEqual(got, expected)) wrong.push({ name, got, expected, text });
  }
  t.deepEqual(wrong, []);
});

const MARK = '/smuggled';
const pieces = [
  'GET / HTTP/1.1',
  'POST / HTTP/1.1',
  'POST / HTTP/1.0',
  'Host: a.test',
  'Host: b.test',
  'Host:',
  'Content-Length: 5',
  'Content-Length: 0',
  'Content-Length:',
  'content-length:5',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding:chunked',
  'Transfer-Encoding: gzip, chunked',
  'transfer-encoding\t: chunked',
  'Connection: close',
  'Connection: keep-alive, Content-Length, Transfer-Encoding, Host',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: x',
  'Expect: 100-continue',
  'X: y',
  ' folded',
  '5',
  '0',
  'hello',
  `GET ${MARK} HTTP/1.1`,
  '\0',
  ':',
  'ffffffffffffffff',
];
const ends = ['\r\n', '\r\n', '\r\n', '\r\n\r\n', '\n', '\r', '', '\r\n '];

test('any bytes end in a response or a closed connection, and never in a request that its head didn’t frame', async (t) => {
  await using upstream = await openUpstream();
  await using it = await openEdge({
    config: { limits: { head_timeout: '300ms', idle_timeout: '300ms', stall_timeout: '300ms' } },
  });
  await it.route(
    'a',
    upstream.port,
    { hosts: ['a.test'], paths: ['/'] },
    { retries: 0, read_timeout: 500, write_timeout: 500 },
  );
  const line = fc.tuple(
    fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...pieces) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 12 }) },
    ),
    fc.constantFrom(...ends),
  );
  const bytes = fc
    .tuple(
      fc.constantFrom('', 'POST / HTTP/1.1\r\nHost: a.test\r\n'),
      fc.array(line, { maxLength: 14 }),
    )
    .map(([begin, lines]) => begin + lines.map(([text, end]) => text + end).join(''));
  const many = fc.array(bytes, { minLength: 40, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(many, async (all) => {
      upstream.seen.length = 0;
      const texts = await Promise.all(all.map((one) => exchangeRaw(it.http, one, 8000)));
      for (const text of texts) {
        t.false(text.includes('not closed in time'), text);
        t.true(text === '' || text.startsWith('HTTP/1.1 '), text);
      }
      for (const { raw, method, url, body } of upstream.seen) {
        // Whoever reads what we wrote finds one host, ours, and one way to tell where the body ends.
        const named = (name: string) =>
          raw.filter((n, i) => i % 2 === 0 && n.toLowerCase() === name);
        t.is(named('host').length, 1);
        t.true(named('content-length').length + named('transfer-encoding').length <= 1);
        if (url === MARK) t.true(method === 'GET');
        t.true(
          body.length === 0 ||
            named('content-length').length + named('transfer-encoding').length === 1,
        );
      }
    }),
    { ...runs(8, 200), interruptAfterTimeLimit: 60_000 },
  );
  // It is as it was.
  const after = await exchangeRaw(it.http, `GET / HTTP/1.1\r\n${H}${END}\r\n`);
  t.regex(after, /^HTTP\/1\.1 200 /);
  t.is(it.lines.filter((text) => text.includes('"level":"error"')).length, 0);
});
