import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { HELLO_LIMITS, HelloReader, type HelloReading } from '@sallyport/edge';
import { generatePrivateKey, privateKeyPem, selfSigned } from '@sallyport/pki';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';
import { testWith } from '../world/needs.ts';
import {
  extension,
  inRecords,
  madeHello,
  messageOf,
  nodeHello,
  opensslHello,
  sni,
  vector8,
  vector16,
} from './captured.ts';

const test = testWith('openssl');

/** Feeds `bytes` in pieces of `size` and gives the first reading that decides, with how many bytes it took. */
function read(bytes: Buffer, size = bytes.length, limits = HELLO_LIMITS) {
  const reader = new HelloReader(limits);
  let reading: HelloReading = { state: 'need-more' };
  let used = 0;
  while (used < bytes.length && reading.state === 'need-more') {
    const piece = bytes.subarray(used, used + size);
    reading = reader.push(piece);
    used += piece.length;
  }
  return { reading, used };
}

function helloOf(bytes: Buffer, size?: number) {
  const { reading } = read(bytes, size);
  if (reading.state !== 'hello') throw new Error(`no hello but ${JSON.stringify(reading)}`);
  return reading.hello;
}

const reasonOf = (bytes: Buffer, size?: number) => {
  const { reading } = read(bytes, size);
  return reading.state === 'refused' ? reading.reason : reading.state;
};
const made = (...extensions: Buffer[]) => inRecords(madeHello(...extensions), 16_384);
const bytes = (...n: number[]) => Buffer.from(n);

test('a hello of node:tls tells its name, protocols, versions and post-quantum key share', async (t) => {
  const capture = await nodeHello({
    servername: 'Shop.Example',
    ALPNProtocols: ['h2', 'http/1.1'],
  });
  t.true(capture.length > 1400, 'one Ethernet segment is not enough for it');
  const hello = helloOf(capture);
  t.is(hello.serverName, 'shop.example');
  t.deepEqual(hello.alpn, ['h2', 'http/1.1']);
  t.deepEqual(hello.versions, [0x0304, 0x0303]);
  t.true(hello.keyShares.includes(0x11ec), 'X25519MLKEM768');
  t.true(hello.groups.includes(0x001d));
  t.true(hello.cipherSuites.includes(0x1301));
  t.true(hello.signatureSchemes.includes(0x0403));
  t.false(hello.psk);
  t.is(hello.ticketKeyName, undefined);
});

test('hellos of openssl are read for every version, with a name and without', async (t) => {
  const twelve = helloOf(await opensslHello(['-tls1_2', '-servername', 'a.example']));
  t.is(twelve.serverName, 'a.example');
  t.deepEqual(twelve.versions, [0x0303]);
  t.deepEqual(twelve.keyShares, []);
  const thirteen = helloOf(await opensslHello(['-tls1_3', '-noservername', '-alpn', 'acme-tls/1']));
  t.is(thirteen.serverName, undefined);
  t.deepEqual(thirteen.versions, [0x0304]);
  t.deepEqual(thirteen.alpn, ['acme-tls/1']);
  t.deepEqual(
    helloOf(await opensslHello(['-status', '-servername', 'a.example'])).statusRequest,
    true,
  );
});

test('segments of any size and records of any size give the same hello', async (t) => {
  const capture = await nodeHello({ servername: 'a.example', ALPNProtocols: ['h2'] });
  const whole = helloOf(capture);
  for (const size of [1, 2, 97, 1400]) t.deepEqual(helloOf(capture, size), whole);
  for (const record of [16, 50, 1000]) {
    const records = inRecords(messageOf(capture), record);
    t.deepEqual(helloOf(records), whole);
    t.deepEqual(helloOf(records, 1), whole);
  }
});

test('one byte short of the message is not a hello yet, wherever it is cut', async (t) => {
  const capture = await nodeHello({ servername: 'a.example' });
  for (let at = 0; at < capture.length; at += 1) {
    if (read(capture.subarray(0, at)).reading.state !== 'need-more') t.fail(`decided at ${at}`);
  }
  t.is(read(capture).reading.state, 'hello');
});

test('what follows in its own record is left alone, what follows in the same record is refused', (t) => {
  const early = Buffer.concat([made(sni('a.example')), bytes(23, 3, 3, 0, 1, 0)]);
  t.is(helloOf(early).serverName, 'a.example');
  const message = madeHello(sni('a.example'));
  t.is(reasonOf(inRecords(Buffer.concat([message, bytes(1)]), 16_384)), 'malformed');
});

test('GREASE in every list is left out, and Encrypted Client Hello is seen', (t) => {
  const hello = helloOf(
    made(
      extension(0x2a2a, Buffer.alloc(0)),
      sni('public.example'),
      extension(10, vector16(bytes(0x3a, 0x3a, 0, 0x1d))),
      extension(16, vector16(vector8(bytes(0x4a, 0x4a)), vector8(Buffer.from('h2')))),
      extension(43, vector8(bytes(0x5a, 0x5a, 3, 4))),
      extension(
        51,
        vector16(bytes(0x6a, 0x6a), vector16(bytes(0)), bytes(0, 0x1d), vector16(bytes(1))),
      ),
      extension(0xfe0d, bytes(0, 1, 2, 3)),
    ),
  );
  t.is(hello.serverName, 'public.example');
  t.deepEqual(hello.groups, [0x1d]);
  t.deepEqual(hello.alpn, ['h2']);
  t.deepEqual(hello.versions, [0x0304]);
  t.deepEqual(hello.keyShares, [0x1d]);
  t.deepEqual(hello.cipherSuites, [0x1301, 0xc02f]);
  t.is(hello.ech, 'outer');
});

test('the name of the ticket key is read from both kinds of tickets, and an empty ticket has none', (t) => {
  const ticket = Buffer.concat([Buffer.alloc(16, 0xab), Buffer.alloc(100)]);
  const psk = extension(
    41,
    Buffer.concat([
      vector16(vector16(ticket), bytes(0, 0, 0, 0)),
      vector16(vector8(Buffer.alloc(32))),
    ]),
  );
  const thirteen = helloOf(made(psk));
  t.true(thirteen.psk);
  t.is(thirteen.ticketKeyName, 'ab'.repeat(16));
  const twelve = helloOf(made(extension(35, ticket)));
  t.false(twelve.psk);
  t.is(twelve.ticketKeyName, 'ab'.repeat(16));
  t.is(helloOf(made(extension(35, Buffer.alloc(0)))).ticketKeyName, undefined);
  t.is(
    reasonOf(made(psk, sni('a.example'))),
    'malformed',
    'the pre-shared key is the last extension',
  );
});

test('names are lower-cased and freed of a final dot; an address counts as no name', (t) => {
  const name = (text: string) => helloOf(made(sni(text))).serverName;
  t.is(name('WWW.Example.COM.'), 'www.example.com');
  t.is(name('xn--bcher-kva.example'), 'xn--bcher-kva.example');
  t.is(name('_acme.a-b.example'), '_acme.a-b.example');
  t.is(name('localhost'), 'localhost');
  t.is(name(`${'a'.repeat(63)}.example`), `${'a'.repeat(63)}.example`);
  t.is(name('127.0.0.1'), undefined);
  t.is(name('2001:db8::1'), undefined);
});

test('what is not a name is refused as such', (t) => {
  const long = `${'a'.repeat(49)}.`.repeat(5);
  const bad = [
    '.',
    'a..b',
    '-a.example',
    'a-.example',
    'a b',
    'a\0.example',
    'a/b',
    'a:443',
    '*.a.example',
    'bücher.example',
  ];
  for (const name of [...bad, '..', `${'a'.repeat(64)}.example`, `${long}abcd`]) {
    t.is(reasonOf(made(sni(name))), 'bad-server-name', name);
  }
});

test('lists with the wrong length, a missing end or an extension twice are malformed', (t) => {
  const two = Buffer.concat([
    bytes(0),
    vector16(Buffer.from('a')),
    bytes(0),
    vector16(Buffer.from('b')),
  ]);
  const cases = [
    [extension(0, vector16(two))],
    [extension(0, vector16(bytes(1), vector16(Buffer.from('a'))))],
    [extension(0, Buffer.concat([vector16(bytes(0), vector16(Buffer.from('a'))), bytes(0)]))],
    [extension(0, Buffer.alloc(0))],
    [sni('a.example'), sni('b.example')],
    [extension(10, vector16(bytes(0, 0x1d, 0)))],
    [extension(16, vector16(vector8(Buffer.alloc(0))))],
    [extension(16, vector16(bytes(5, 0x68)))],
    [extension(43, bytes(4, 3, 4))],
    [extension(51, vector16(bytes(0, 0x1d, 0, 9, 1)))],
    [bytes(0, 0, 0)],
  ];
  for (const extensions of cases) t.is(reasonOf(made(...extensions)), 'malformed');
});

test('what is not TLS is told apart: plain HTTP, the PROXY protocol, SSL 2 and the rest', (t) => {
  t.is(reasonOf(Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')), 'plain-http');
  t.is(reasonOf(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')), 'plain-http');
  t.is(reasonOf(Buffer.from('DELETE /x'), 1), 'plain-http');
  t.is(reasonOf(Buffer.from('PROXY TCP4 1.2.3.4')), 'proxy-protocol');
  t.is(reasonOf(Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')), 'proxy-protocol');
  t.is(reasonOf(bytes(0x80, 0x2e, 1, 0, 2)), 'ssl2-hello');
  t.is(reasonOf(Buffer.from('SSH-2.0-OpenSSH')), 'not-tls');
  t.is(reasonOf(bytes(0, 0, 0)), 'not-tls');
});

test('records and messages outside the rules are refused with their reason', (t) => {
  t.is(reasonOf(bytes(22, 2)), 'bad-record');
  t.is(reasonOf(bytes(22, 3, 1, 0, 0)), 'bad-record');
  t.is(reasonOf(bytes(22, 3, 1, 0x40, 1)), 'bad-record');
  t.is(reasonOf(bytes(22, 3, 1, 0, 4, 2)), 'not-client-hello');
  t.is(reasonOf(Buffer.concat([bytes(22, 3, 1, 0, 1, 1), bytes(23)])), 'bad-record');
  t.is(reasonOf(bytes(22, 3, 1, 0, 4, 1, 1, 0, 0)), 'hello-too-large');
  t.is(reasonOf(inRecords(madeHello(sni('a.example')), 1).subarray(0, 600)), 'need-more');
  t.is(reasonOf(inRecords(madeHello(extension(21, Buffer.alloc(1000))), 4)), 'too-many-records');
});

test('a message of the greatest size is read, and a byte more is refused before it comes', (t) => {
  const limits = { maxBytes: 2000, maxRecords: 128 };
  const overhead = madeHello(extension(21, Buffer.alloc(0))).length;
  const just = madeHello(extension(21, Buffer.alloc(2000 - overhead)));
  t.is(read(inRecords(just, 16_384), 100, limits).reading.state, 'hello');
  const over = inRecords(madeHello(extension(21, Buffer.alloc(2001 - overhead))), 16_384);
  const { reading, used } = read(over, 1, limits);
  t.deepEqual(reading, { state: 'refused', reason: 'hello-too-large' });
  t.is(used, 9, 'the four bytes that tell the length are enough');
});

test('mutated real hellos never throw, nor make the reader take more than its cap', async (t) => {
  const captures = await Promise.all([
    nodeHello({ servername: 'a.example', ALPNProtocols: ['h2', 'http/1.1'] }),
    nodeHello({ maxVersion: 'TLSv1.2', servername: 'b.example' }),
    opensslHello(['-servername', 'c.example', '-status', '-alpn', 'h2']),
    opensslHello(['-noservername', '-tls1_2']),
  ]);
  const limits = { maxBytes: 4096, maxRecords: 16 };
  const cap = 4096 + 16 * 5;
  const edit = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), at: fc.nat(1999), value: fc.nat(255) }),
    fc.record({ kind: fc.constant('cut' as const), at: fc.nat(1999), value: fc.nat(40) }),
    fc.record({ kind: fc.constant('add' as const), at: fc.nat(1999), value: fc.nat(255) }),
  );
  let hellos = 0;
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      fc.nat(captures.length - 1),
      fc.array(edit, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 2000 }),
      fc.boolean(),
      (which, edits, size, split) => {
        let mutated: Buffer = Buffer.from(captures[which] as Buffer);
        for (const { kind, at, value } of edits) {
          const place = at % mutated.length;
          if (kind === 'set') mutated[place] = value;
          else {
            const tail = mutated.subarray(kind === 'cut' ? place + value : place);
            const added = kind === 'add' ? Buffer.from([value]) : Buffer.alloc(0);
            mutated = Buffer.concat([mutated.subarray(0, place), added, tail]);
          }
          if (mutated.length === 0) return true;
        }
        if (split && mutated.length > 5) mutated = inRecords(mutated.subarray(5), size);
        const whole = read(mutated, mutated.length, limits);
        const pieces = read(mutated, size, limits);
        const { state } = whole.reading;
        if (state === 'hello') hellos += 1;
        seen.add(state === 'refused' ? whole.reading.reason : state);
        return pieces.used <= cap + size && pieces.reading.state === state;
      },
    ),
    runs(100_000, 10_000_000),
  );
  t.log(`${hellos} were still hellos; outcomes: ${[...seen].sort().join(', ')}`);
  t.true(hellos > 0);
  for (const reason of [
    'malformed',
    'need-more',
    'bad-server-name',
    'bad-record',
    'hello-too-large',
  ]) {
    t.true(seen.has(reason), reason);
  }
});

test('an endless stream in any form is refused within the cap', (t) => {
  const limits = { maxBytes: 4096, maxRecords: 16 };
  const streams = [
    inRecords(Buffer.alloc(100_000, 1), 1),
    inRecords(Buffer.concat([bytes(1, 0, 15, 0), Buffer.alloc(100_000)]), 200),
    Buffer.alloc(100_000, 22),
  ];
  for (const stream of streams) {
    const { reading, used } = read(stream, 1, limits);
    t.is(reading.state, 'refused');
    t.true(used <= 4096 + 16 * 5, `${used} bytes`);
  }
});

test('names and protocols are as node:tls itself sees them', async (t) => {
  const key = await generatePrivateKey('ec-p256');
  const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3_600_000 };
  const cert = await selfSigned({ ...validity, key, dnsNames: ['a.example'], usages: ['server'] });
  let first: Buffer = Buffer.alloc(0);
  const server = createServer({ key: privateKeyPem(key), cert, ALPNProtocols: ['x', 'h2'] });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const label = fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9-]{0,10}[A-Za-z0-9])?$/);
  const names = fc
    .array(label, { minLength: 1, maxLength: 4 })
    .map((labels) => `n.${labels.join('.')}`);
  const samples = fc.sample(fc.tuple(names, fc.subarray(['x', 'h2'], { minLength: 1 })), 25);
  try {
    for (const [servername, ALPNProtocols] of samples) {
      const options = { servername, ALPNProtocols };
      first = await nodeHello(options);
      const client = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
      const [socket] = await once(server, 'secureConnection');
      const hello = helloOf(first);
      t.is(hello.serverName, String(socket.servername).toLowerCase());
      t.deepEqual(hello.alpn, ALPNProtocols);
      t.true(hello.alpn.includes(socket.alpnProtocol));
      client.destroy();
      socket.destroy();
    }
  } finally {
    server.close();
  }
});
