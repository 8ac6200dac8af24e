import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { certificateIssued } from '@sallyport/contracts';
import { storedCertificates } from '@sallyport/pki';
import { systemClock } from '@sallyport/runtime';
import { testWith } from '../world/needs.ts';
import { startPebble } from '../world/pebble.ts';
import { startProgram, tempDir } from '../world/program.ts';
import { until } from '../world/until.ts';
import type { ProcessOptions } from './certs-process.ts';
import { clusterGround, openCertsWorld } from './certs-world.ts';
import { startAlpnResponder, startHttpResponder } from './world.ts';

const test = testWith('pebble', 'redis-server', 'nats-server');

/** Brokers, pebble, what edges do on .2 (http-01) and .3 (tls-alpn-01), and settings of certs for it. */
async function openPebbleWorld() {
  await using stack = new AsyncDisposableStack();
  const pebble = stack.use(await startPebble());
  const world = stack.use(await openCertsWorld(clusterGround));
  const { space, rings } = world;
  const http = stack.use(await startHttpResponder(space, '127.0.0.2', pebble.ports.http));
  const { leafKeys } = rings;
  const alpn = stack.use(
    await startAlpnResponder({ space, leafKeys }, '127.0.0.3', pebble.ports.tls),
  );
  const dir = stack.use(await tempDir());
  const trust = join(dir.path, 'trust.pem');
  await writeFile(trust, pebble.trust);
  const ca = { kind: 'acme', name: 'pebble', directory: pebble.directory, scope: 'any', trust };
  const settings = {
    allow: { patterns: ['*.test'] },
    issuers: [{ ...ca, terms_agreed: true, contact: ['mailto:ops@sallyport.test'] }],
    obtain: { lease: '1s' },
  };
  const owned = stack.move();
  return {
    ...{ pebble, world, settings, http, alpn },
    async certificate(name: string) {
      const [entry] = await space.get([storedCertificates.key(name)]);
      return storedCertificates.decode(entry);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Accepts connections and never answers. */
async function startSilence(address: string, port: number): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}); // the CA hangs up
  }).listen(port, address);
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

test.serial(
  'fifty handshakes over two instances cost one order; readers hear of the challenge and of the certificate',
  async (t) => {
    await using cluster = await openPebbleWorld();
    const { pebble, world, settings, http } = cluster;
    await Promise.all([world.start(settings), world.start(settings)]);
    await pebble.setA('shop.test', '127.0.0.2');
    const answers = await Promise.all(Array.from({ length: 50 }, () => world.obtain('shop.test')));
    const stored = await cluster.certificate('shop.test');
    t.deepEqual(
      new Set(answers.map((each) => JSON.stringify(each))),
      new Set([JSON.stringify({ outcome: 'ready', fingerprint: stored?.fingerprint })]),
    );
    t.is(pebble.count('orders'), 1);
    t.is(pebble.count('accounts'), 1);
    t.true(http.asked() >= 1);
    t.is(new X509Certificate(stored?.chain ?? '').checkHost('shop.test'), 'shop.test');
    await until(() => world.heard.length === 3, 'the feed tells');
    const [published, removed, certificate] = world.heard;
    t.like(published, { kind: 'challenge', name: 'shop.test' });
    t.regex(published?.key ?? '', /^[A-Za-z0-9_-]+$/);
    t.deepEqual(removed, { ...published, removed: true } as typeof removed);
    t.deepEqual(certificate, { kind: 'certificate', name: 'shop.test' });
    t.deepEqual(
      (await world.list()).certificates.map(({ name, issuer }) => ({ name, issuer })),
      [{ name: 'shop.test', issuer: 'pebble' }],
    );
  },
);

test.serial(
  'a name that leads elsewhere over http gets its certificate by tls-alpn-01',
  async (t) => {
    await using cluster = await openPebbleWorld();
    const { pebble, world, settings, alpn } = cluster;
    await world.start(settings);
    await pebble.setA('tls.test', '127.0.0.3');
    t.like(await world.obtain('tls.test'), { outcome: 'ready' });
    t.true(alpn.asked() >= 1);
    await until(() => world.heard.some(({ kind }) => kind === 'certificate'));
    const challenges = world.heard.filter(({ kind }) => kind === 'challenge');
    t.deepEqual(
      challenges.map(({ key, removed = false }) => [key === undefined, removed]),
      [
        [false, false],
        [false, true],
        [true, false],
        [true, true],
      ],
    );
  },
);

test.serial(
  'a certificate of the CA is renewed with a new key when two thirds of its six days are spent',
  async (t) => {
    await using cluster = await openPebbleWorld();
    const { pebble, world, settings } = cluster;
    const renewals: boolean[] = [];
    await using _ = await world.bus.events.subscribe(
      certificateIssued,
      { from: 'all' },
      ({ data }) => void renewals.push(data.renewal),
    );
    const early = await world.start(settings);
    await pebble.setA('renew.test', '127.0.0.2');
    t.like(await world.obtain('renew.test'), { outcome: 'ready' });
    const first = await cluster.certificate('renew.test');
    await early[Symbol.asyncDispose]();
    // Only the date of this one is four days later: what it waits for is real.
    const clock = { ...systemClock, now: () => Date.now() + 4.1 * 86_400_000 };
    await world.start(settings, { clock });
    await until(async () => {
      const now = await cluster.certificate('renew.test');
      return now?.fingerprint !== first?.fingerprint;
    }, 'it is renewed');
    const second = await cluster.certificate('renew.test');
    const keyOf = (chain = '') => new X509Certificate(chain).publicKey.export({ format: 'jwk' }).x;
    t.not(keyOf(second?.chain), keyOf(first?.chain));
    t.is(pebble.count('orders'), 2);
    t.is(pebble.count('accounts'), 1);
    await until(() => renewals.length === 2);
    t.deepEqual(renewals, [false, true]);
  },
);

test.serial(
  'when a process is killed in the middle of an order another one obtains the certificate',
  async (t) => {
    await using cluster = await openPebbleWorld();
    const { pebble, world, settings } = cluster;
    const { redis, nats } = world.ground.at as NonNullable<typeof world.ground.at>;
    const options: ProcessOptions = { redis, nats, rings: world.portable(), settings };
    await using doomed = startProgram(process.execPath, [
      ...['tests/certs/certs-process.ts', JSON.stringify(options)],
    ]);
    await until(() => {
      if (doomed.child.exitCode !== null) throw new Error(doomed.output());
      return doomed.output().includes('ready');
    });
    // Whoever listens there says nothing: the CA waits, and the order stays open.
    const silence = await startSilence('127.0.0.9', pebble.ports.http);
    await pebble.setA('crash.test', '127.0.0.9');
    const asked = t.throwsAsync(world.obtain('crash.test', { timeoutMs: 2000 }));
    await until(() => world.heard.length > 0, 'the challenge is published');
    await doomed.stop('SIGKILL');
    await silence[Symbol.asyncDispose]();
    await using _ = await startHttpResponder(world.space, '127.0.0.9', pebble.ports.http);
    await world.start(settings);
    const answer = await until(
      async () => {
        const now = await world.obtain('crash.test');
        return now.outcome === 'ready' && now;
      },
      'another one goes on',
      15_000,
    );
    t.is((await cluster.certificate('crash.test'))?.fingerprint, answer.fingerprint);
    t.deepEqual(
      (await world.list()).certificates.map(({ name }) => name),
      ['crash.test'],
    );
    await until(async () => (await world.space.range(['~changes', 'unsettled'])).length === 0);
    t.is(pebble.count('accounts'), 1);
    await asked;
  },
);
