import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { certificateIssued } from '@sallyport/contracts';
import { routes } from '@sallyport/gateway';
import { openPrivateKey, privateKeyPem, storedCertificates } from '@sallyport/pki';
import fc from 'fast-check';
import { deep, runs } from '../world/deep.ts';
import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import { clusterGround, embeddedGround, openCertsWorld } from './certs-world.ts';

const test = testWith('redis-server', 'nats-server');
const allow = { patterns: ['*.localhost', '*.example'] };

for (const [ground, open] of [
  ['embedded', embeddedGround],
  ['cluster', clusterGround],
] as const) {
  test.serial(
    `${ground}: a client that trusts the authority accepts what was obtained, from whichever instance`,
    async (t) => {
      await using world = await openCertsWorld(open);
      const [a, b] = await Promise.all([world.start({ allow }), world.start({ allow })]);
      t.truthy(a.certs.authority);
      t.is(a.certs.authority, b.certs.authority);
      const answer = await world.obtain('Shop.localhost');
      t.is(answer.outcome, 'ready');

      const [entry] = await world.space.get([storedCertificates.key('shop.localhost')]);
      const stored = storedCertificates.decode(entry);
      const aad = storedCertificates.aad('shop.localhost');
      const key = await openPrivateKey(world.rings.leafKeys, stored?.key ?? '', aad);
      const server = createServer(
        { cert: stored?.chain ?? '', key: privateKeyPem(key) },
        (socket) => socket.end(),
      ).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const ca = a.certs.authority as string;
      const client = connect({ port, host: '127.0.0.1', servername: 'shop.localhost', ca });
      await once(client, 'secureConnect');
      t.true(client.authorized);
      client.destroy();
      server.close();
      await once(server, 'close');

      const { authority } = a.certs;
      await a[Symbol.asyncDispose]();
      await b[Symbol.asyncDispose]();
      const later = await world.start({ allow });
      t.is(later.certs.authority, authority);
      t.deepEqual(await world.obtain('shop.localhost'), answer);
    },
  );

  test.serial(
    `${ground}: a reader of the feed hears of a new certificate, and the event reaches the stream`,
    async (t) => {
      await using world = await openCertsWorld(open);
      const seen: unknown[] = [];
      await using _ = await world.bus.events.subscribe(
        certificateIssued,
        { from: { sequence: 1 } },
        ({ data }) => void seen.push(data),
      );
      await world.start({ allow });
      t.like(await world.obtain('new.localhost'), { outcome: 'ready' });
      await until(() => world.heard.length > 0, 'the feed tells', 2000);
      t.deepEqual(world.heard, [{ kind: 'certificate', name: 'new.localhost' }]);
      await until(() => seen.length > 0, 'the event arrives');
      t.like(seen[0], { names: ['new.localhost'], issuer: 'internal', renewal: false });
      t.is(world.reader.head?.version, 2);
      t.is(world.missed(), 0);
    },
  );

  test.serial(
    `${ground}: nobody is permitted but names on the list and of our own https routes`,
    async (t) => {
      await using world = await openCertsWorld(open);
      await world.start();
      const denied = { outcome: 'refused', reason: 'not-allowed' };
      for (const name of ['shop.localhost', 'localhost', 'www.example.com']) {
        t.deepEqual(await world.obtain(name), denied);
      }
      const route = await world.addRoute({
        hosts: ['Route.localhost:8443', '*.many.localhost', 'shop.*'],
        snis: ['sni.localhost'],
      });
      await world.addRoute({ hosts: ['plain.localhost'], protocols: ['http'] });
      await world.addRoute({ snis: ['through.localhost'], protocols: ['tls_passthrough'] });
      await until(async () => (await world.obtain('route.localhost')).outcome === 'ready');
      t.like(await world.obtain('a.many.localhost'), { outcome: 'ready' });
      t.like(await world.obtain('sni.localhost'), { outcome: 'ready' });
      for (const name of ['a.b.many.localhost', 'many.localhost', 'plain.localhost']) {
        t.deepEqual(await world.obtain(name), denied);
      }
      for (const name of ['through.localhost', 'shop.localhost', 'other.localhost']) {
        t.deepEqual(await world.obtain(name), denied);
      }
      t.true((await world.entities.remove(routes, route.id)).ok);
      await until(async () => (await world.obtain('b.many.localhost')).outcome === 'refused');
      t.deepEqual(await world.obtain('c.many.localhost'), denied);
    },
  );

  test.serial(
    `${ground}: the list has every name in the order of its bytes, page by page`,
    async (t) => {
      await using world = await openCertsWorld(open);
      await world.start({ allow });
      const names = ['b', 'a', '10', '9', 'a-1', 'c'].map((label) => `${label}.localhost`);
      await Promise.all(names.map((name) => world.obtain(name)));
      const listed: string[] = [];
      let pages = 0;
      for (let after: string | undefined; ; pages += 1) {
        const page = await world.list({ limit: 2, ...(after === undefined ? {} : { after }) });
        listed.push(...page.certificates.map(({ name }) => name));
        if (page.next === undefined) break;
        after = page.next;
      }
      t.deepEqual(listed, [...names].sort());
      t.is(pages, 3);
      const [first] = (await world.list({ limit: 1 })).certificates;
      const [entry] = await world.space.get([storedCertificates.key('10.localhost')]);
      const { fingerprint, notAfter } = storedCertificates.decode(entry) ?? {};
      t.like(first, { name: '10.localhost', issuer: 'internal' });
      t.is(first?.fingerprint, fingerprint);
      t.is(Date.parse(first?.notAfter ?? ''), notAfter ?? 0);
    },
  );
}

test('a name that was refused is told as such: which names are tried is in the list only while they have a certificate', async (t) => {
  await using world = await openCertsWorld(embeddedGround);
  await world.start({ allow: { names: ['www.sallyport-trial.com'] } });
  // The internal CA is for private names only.
  t.like(await world.obtain('www.sallyport-trial.com'), { outcome: 'refused', reason: 'scope' });
  await until(() => world.heard.length > 0);
  t.deepEqual(world.heard, [{ kind: 'refusal', name: 'www.sallyport-trial.com' }]);
  t.deepEqual(await world.list(), { certificates: [] });
  t.like(await world.obtain('www.sallyport-trial.com'), { reason: 'failed-before' });
});

test('whatever name is asked for, the answer is one of the contract and only permitted names get certificates', async (t) => {
  await using world = await openCertsWorld(embeddedGround);
  const obtain = { per_hour: 1_000_000 };
  await world.start({ allow: { patterns: ['*.fuzz.localhost'] }, obtain });
  const label = fc.oneof(
    fc.stringMatching(/^[a-z0-9-]{1,8}$/),
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.constantFrom('*', '', 'xn--', 'XN--BCHER-KVA', '_acme', '127', '~changes', 'ａ', '\0'),
  );
  const name = fc
    .tuple(fc.array(label, { maxLength: 4 }), fc.constantFrom('', '.fuzz.localhost', '.localhost'))
    .map(([labels, end]) => labels.join('.') + end)
    .filter((text) => text.length > 0 && text.length <= 253);
  const obtained = new Set<string>();
  await fc.assert(
    fc.asyncProperty(name, async (asked) => {
      const answer = await world.obtain(asked);
      if (answer.outcome === 'refused') return /^(bad-name|not-allowed)$/.test(answer.reason);
      obtained.add(asked.toLowerCase());
      return /^[a-z0-9-]+\.fuzz\.localhost$/.test(asked.toLowerCase());
    }),
    // One that is permitted for sure: of 150 by chance there may be none.
    { ...runs(150, 3000), examples: [['a.fuzz.localhost']] },
  );
  if (!deep) {
    const { certificates } = await world.list({ limit: 1000 });
    t.deepEqual(
      certificates.map((each) => each.name),
      [...obtained].sort(),
    );
  }
  t.true(obtained.size > 0);
});

test('who waits as long as it said is told pending, and the certificate comes all the same', async (t) => {
  await using world = await openCertsWorld(embeddedGround);
  const held = Promise.withResolvers<void>();
  await world.start(
    { allow },
    {
      between: (space) =>
        Object.assign(Object.create(space), {
          async lease(...args: Parameters<typeof space.lease>) {
            await held.promise;
            return await space.lease(...args);
          },
        }),
    },
  );
  const soon = { timeoutMs: 4000 };
  t.deepEqual(await world.obtain('slow.localhost', { waitMs: 30, ...soon }), {
    outcome: 'pending',
  });
  t.deepEqual(await world.obtain('slow.localhost', { waitMs: 0, ...soon }), { outcome: 'pending' });
  held.resolve();
  t.like(await world.obtain('slow.localhost'), { outcome: 'ready' });
});

test('draining waits for the issuance behind a handshake that went away, and takes no more', async (t) => {
  await using world = await openCertsWorld(embeddedGround);
  const held = Promise.withResolvers<void>();
  const { certs } = await world.start(
    { allow },
    {
      between: (space) =>
        Object.assign(Object.create(space), {
          async lease(...args: Parameters<typeof space.lease>) {
            await held.promise;
            return await space.lease(...args);
          },
        }),
    },
  );
  t.deepEqual(await world.obtain('drain.localhost', { waitMs: 10 }), { outcome: 'pending' });
  let drained = false;
  const draining = certs.drain?.(new AbortController().signal).then(() => {
    drained = true;
  });
  const code = 'SP_ERR_RPC_UNAVAILABLE';
  await until(async () => {
    const error = await world.obtain('other.localhost', { waitMs: 0 }).catch((cause) => cause);
    return error.code === code;
  });
  t.false(drained);
  held.resolve();
  await draining;
  const [entry] = await world.space.get([storedCertificates.key('drain.localhost')]);
  t.truthy(storedCertificates.decode(entry));
});

test('a drain that is cut off returns at once', async (t) => {
  await using world = await openCertsWorld(embeddedGround);
  const { certs } = await world.start(
    { allow },
    {
      between: (space) =>
        Object.assign(Object.create(space), {
          lease: (_key: unknown, _ttl: unknown, signal?: AbortSignal) =>
            new Promise((_, reject) => {
              signal?.addEventListener('abort', () => reject(signal.reason));
            }),
        }),
    },
  );
  await world.obtain('stuck.localhost', { waitMs: 10 });
  await certs.drain?.(AbortSignal.timeout(50));
  await certs[Symbol.asyncDispose]();
  t.pass();
});

test('the authority is made once, however many begin at the same time, and is one', async (t) => {
  await using world = await openCertsWorld(embeddedGround);
  const all = await Promise.all(Array.from({ length: 8 }, () => world.start()));
  t.is(new Set(all.map(({ certs }) => certs.authority)).size, 1);
  const own = new X509Certificate(all[0]?.certs.authority ?? '');
  t.true(own.ca);
  t.is(own.subject, 'CN=Sallyport internal CA');
  t.true(own.validToDate.getTime() > Date.now() + 3649 * 86_400_000);
});
