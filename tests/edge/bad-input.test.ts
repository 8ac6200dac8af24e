import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { InUseError } from '@sallyport/runtime';
import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import { inRecords, madeHello, nodeHello, sni } from './captured.ts';
import { authority, leaf, openFront, openssl, plain } from './front-world.ts';

const test = testWith('openssl');
const ca = await authority('servers');
const a = await leaf(ca, 'a.test', 'server');

type World = Awaited<ReturnType<typeof openFront>>;

/** A client that writes `bytes` and keeps its side open: what it received and how long until it was closed. */
async function send(port: number, bytes: Buffer | string) {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const chunks: Buffer[] = [];
  const begun = performance.now();
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A reset is one way of being closed.
  socket.on('error', () => {});
  socket.write(bytes);
  const over = Promise.withResolvers<void>();
  socket.once('end', () => socket.destroy());
  socket.once('close', () => over.resolve());
  await over.promise;
  return { received: Buffer.concat(chunks), ms: performance.now() - begun };
}

async function nothingLeft(it: World): Promise<void> {
  await until(() => {
    const { handshakes, open, deadlines } = it.front.status();
    return handshakes + open + deadlines === 0;
  }, 'sockets, handshakes and deadlines are gone');
}

test('garbage, plain HTTP and others that are not TLS are closed at once without an answer, and counted', async (t) => {
  await using it = await openFront();
  const strays = {
    'plain-http': 'GET / HTTP/1.1\r\n\r\n',
    'proxy-protocol': 'PROXY TCP4',
    'not-tls': 'SSH-2.0',
  };
  for (const [reason, bytes] of Object.entries(strays)) {
    const { received, ms } = await send(it.port, bytes);
    t.is(received.length, 0);
    t.true(ms < 2000, `${ms} ms`);
    t.is(it.failures().at(-1), reason);
  }
  await nothingLeft(it);
});

test('hellos that break the rules get a fatal alert, and oversized ones before they are read', async (t) => {
  await using it = await openFront();
  const cases: [Buffer, string, number][] = [
    [Buffer.from([22, 3, 1, 0, 9, 1, 1, 0, 0]), 'hello-too-large', 50],
    [Buffer.from([22, 3, 1, 0, 4, 2]), 'not-client-hello', 50],
    [inRecords(madeHello(sni('a.test'), sni('b.test')), 16_384), 'malformed', 50],
    [inRecords(madeHello(sni('a b')), 16_384), 'bad-server-name', 112],
  ];
  for (const [bytes, reason, alert] of cases) {
    const { received, ms } = await send(it.port, bytes);
    t.deepEqual([...received], [21, 3, 3, 0, 2, 2, alert], reason);
    t.true(ms < 2000, `${ms} ms`);
    t.like(it.reports.at(-1), { outcome: 'failed', data: { reason, alert } });
  }
  await nothingLeft(it);
});

test('a client that reads its alert and stays is cut off soon after', async (t) => {
  await using it = await openFront();
  const socket = connect({ port: it.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  socket.write(Buffer.from([22, 3, 1, 0, 4, 2]));
  socket.resume();
  await until(() => it.failures().length === 1);
  t.is(it.front.status().open, 1);
  await nothingLeft(it);
  socket.destroy();
});

test('silent clients, dribbling ones and those that stop in mid-handshake are closed at their deadlines', async (t) => {
  await using it = await openFront({ fallback: a, helloMs: 300, handshakeMs: 300 });
  const hello = await nodeHello({ servername: 'a.test' });
  const silent = send(it.port, '');
  const half = send(it.port, hello.subarray(0, 100));
  const stopped = send(it.port, hello);
  const dribbling = connect({ port: it.port, host: '127.0.0.1' });
  dribbling.on('error', () => {});
  let at = 0;
  const timer = setInterval(() => {
    dribbling.write(hello.subarray(at, at + 1));
    at += 1;
  }, 20);
  try {
    await until(() => dribbling.closed);
  } finally {
    clearInterval(timer);
  }
  for (const { ms } of await Promise.all([silent, half, stopped])) t.true(ms < 3000, `${ms} ms`);
  // Other tests' clients look for servers they have killed: a stray one may meet this port, and isn't TLS.
  const failures = it.failures().filter((failure) => failure !== 'not-tls');
  t.deepEqual(failures, Array(4).fill('timeout'));
  t.deepEqual(it.reports.map(({ data }) => data.serverName).filter(Boolean), ['a.test']);
  await nothingLeft(it);
});

test('a policy or certificate that doesn’t come in time ends the handshake, and the question is aborted', async (t) => {
  const signals: AbortSignal[] = [];
  const never = (signal: AbortSignal) => {
    signals.push(signal);
    return new Promise<never>(() => {});
  };
  const slowPolicy = { decide: (_: unknown, __: unknown, signal: AbortSignal) => never(signal) };
  await using policy = await openFront({ policyMs: 200 }, { policies: slowPolicy });
  t.regex((await openssl(policy.port, 'a.test')).text, /alert number 80|internal error/);
  t.deepEqual(policy.failures(), ['policy-deadline']);
  await nothingLeft(policy);

  const slowSource = { find: (_: unknown, __: unknown, signal: AbortSignal) => never(signal) };
  await using alert = await openFront({ certificateMs: 200 }, { certificates: slowSource });
  t.regex((await openssl(alert.port, 'a.test')).text, /alert number 80|internal error/);
  t.deepEqual(alert.failures(), ['certificate-deadline']);
  await nothingLeft(alert);

  await using fallback = await openFront(
    { certificateMs: 200, fallback: a },
    { certificates: slowSource },
  );
  t.truthy((await openssl(fallback.port, 'b.test')).said);
  t.deepEqual(
    signals.map((signal) => signal.aborted),
    [true, true, true],
  );
});

test('a question that fails is logged with the name, and its client gets internal_error', async (t) => {
  const find = () => Promise.reject(new Error('the store is on fire'));
  await using it = await openFront({}, { certificates: { find } });
  t.regex((await openssl(it.port, 'a.test')).text, /alert number 80|internal error/);
  t.deepEqual(it.failures(), ['certificate-error']);
  t.regex(it.lines.join(), /a\.test.*the store is on fire/);
});

test('a client that leaves while its certificate is being got leaves nothing behind', async (t) => {
  const asked = Promise.withResolvers<AbortSignal>();
  const find = (_: unknown, __: unknown, signal: AbortSignal) => {
    asked.resolve(signal);
    return new Promise<never>(() => {});
  };
  await using it = await openFront({ certificateMs: 500 }, { certificates: { find } });
  const socket = connect({ port: it.port, host: '127.0.0.1' });
  socket.on('error', () => {});
  socket.write(await nodeHello({ servername: 'a.test' }));
  const signal = await asked.promise;
  socket.resetAndDestroy();
  await nothingLeft(it);
  t.true(signal.aborted);
  t.is(it.reports.length, 1);
});

test('more handshakes at a time than allowed are closed at once, and there is room again afterwards', async (t) => {
  await using it = await openFront({ fallback: a, maxHandshakes: 3 });
  const held: Socket[] = [];
  for (let i = 0; i < 3; i += 1) held.push(connect(it.port, '127.0.0.1'));
  await until(() => it.front.status().handshakes === 3);
  t.true((await send(it.port, '')).ms < 2000);
  t.deepEqual(it.failures(), ['overloaded']);
  for (const socket of held) socket.destroy();
  await until(() => it.front.status().handshakes === 0);
  t.truthy((await openssl(it.port, 'a.test')).said);
  t.deepEqual(it.failures().sort(), ['closed', 'closed', 'closed', 'overloaded']);
});

test.serial(
  'a thousand connections of every bad kind leave no socket and no timer in the process',
  async (t) => {
    const resources = () =>
      process.getActiveResourcesInfo().filter((name) => /TCP|Timeout|TLS/.test(name)).length;
    const before = resources();
    {
      await using it = await openFront({ fallback: a, helloMs: 300, handshakeMs: 300 });
      it.policies.set('need.test', {
        ...plain,
        clientCertificate: 'require',
        trust: { id: 'a', authorities: [ca.certificate] },
      });
      const hello = await nodeHello({ servername: 'need.test' });
      const kinds = [
        '',
        'GET / HTTP/1.1\r\n\r\n',
        hello,
        hello.subarray(0, 700),
        Buffer.from([22, 3, 1, 0, 4, 2]),
      ];
      for (let round = 0; round < 4; round += 1) {
        const wave = Array.from({ length: 50 }, () => kinds).flat();
        await Promise.all(wave.map((bytes) => send(it.port, bytes)));
      }
      t.is(it.reports.length, 1000);
      const counts = Object.groupBy(it.failures(), (reason) => reason);
      t.is(counts['plain-http']?.length, 200);
      t.is(counts['not-client-hello']?.length, 200);
      t.is(counts['timeout']?.length, 600);
      await nothingLeft(it);
    }
    await until(() => resources() <= before, 'sockets and timers of the process are as before');
    t.pass();
  },
);

test('draining takes no new connection and waits for handshakes; disposal closes what is open', async (t) => {
  const find = Promise.withResolvers<typeof a>();
  const it = await openFront(
    {},
    { certificates: { find: () => find.promise }, onConnection: () => {} },
  );
  const options = {
    port: it.port,
    host: '127.0.0.1',
    servername: 'a.test',
    rejectUnauthorized: false,
  };
  const client = tlsConnect(options);
  await until(() => it.front.status().handshakes === 1);
  let drained = false;
  const draining = it.front.drain?.(new AbortController().signal).then(() => {
    drained = true;
  });
  // The kernel says one or the other, depending on how far the listener has gone.
  const refused = await t.throwsAsync(once(connect(it.port, '127.0.0.1'), 'connect'));
  t.regex((refused as NodeJS.ErrnoException).code ?? '', /^ECONN(REFUSED|RESET)$/);
  t.false(drained);
  find.resolve(a);
  await once(client, 'secureConnect');
  await draining;
  t.is(it.front.status().open, 1);
  client.on('error', () => {});
  await it.front[Symbol.asyncDispose]();
  await until(() => client.closed);
  t.is(it.front.status().open, 0);
});

test('a port that is taken is said to be', async (t) => {
  await using it = await openFront();
  const taken = await t.throwsAsync(openFront({ listen: { host: '127.0.0.1', port: it.port } }));
  t.true(taken instanceof InUseError);
});

test('an owner that throws loses its connection and nothing else', async (t) => {
  const onConnection = () => {
    throw new Error('owner broke');
  };
  await using it = await openFront({ fallback: a }, { onConnection });
  t.is((await openssl(it.port, 'a.test')).said, undefined);
  t.regex(it.lines.join(), /owner broke/);
  await nothingLeft(it);
});
