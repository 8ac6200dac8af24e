import { X509Certificate } from 'node:crypto';
import { createAcmeIssuer } from '@sallyport/certs';
import { storedCertificates, storedRefusals } from '@sallyport/pki';
import { systemClock } from '@sallyport/runtime';
import { testWith } from '../world/needs.ts';
import { startPebble } from '../world/pebble.ts';
import { openObtainWorld, twoViewsOfRedis } from './obtain-world.ts';
import { startAlpnResponder, startHttpResponder } from './world.ts';

const test = testWith('pebble', 'redis-server');
const signal = new AbortController().signal;
const hello = { client: { address: '127.0.0.1' } };

/** Two certs processes over one Redis and one pebble; an edge's answers for http-01 on .2, for tls-alpn-01 on .3. */
async function openClusterWorld() {
  await using stack = new AsyncDisposableStack();
  const pebble = stack.use(await startPebble());
  const world = stack.use(await openObtainWorld(twoViewsOfRedis));
  const { space, leafKeys, stores, accounts } = world;
  stack.use(await startHttpResponder(space, '127.0.0.2', pebble.ports.http));
  stack.use(await startAlpnResponder({ space, leafKeys }, '127.0.0.3', pebble.ports.tls));
  const instance = (which: 0 | 1) => {
    const issuer = stack.use(
      createAcmeIssuer(
        { space: stores[which].space('acme'), ring: accounts, clock: systemClock },
        {
          ...{ name: 'pebble', directory: pebble.directory, trust: pebble.trust },
          ...{ termsOfServiceAgreed: true, scope: 'any' },
        },
      ),
    );
    return world.instance(which, { issuers: [issuer] });
  };
  const instances = [instance(0), instance(1)] as const;
  const owned = stack.move();
  return { pebble, world, instances, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

test.serial(
  'fifty who ask two instances at once for one name cost one order at the CA',
  async (t) => {
    await using cluster = await openClusterWorld();
    const { pebble, world, instances } = cluster;
    await pebble.setA('shop.test', '127.0.0.2');
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        (instances[i % 2] as (typeof instances)[0]).obtain('shop.test', hello, { signal }),
      ),
    );
    t.is(new Set(outcomes.map((each) => JSON.stringify(each))).size, 1);
    t.like(outcomes[0], { outcome: 'ready' });
    t.is(pebble.count('orders'), 1);
    t.is(pebble.count('accounts'), 1);
    const [entry] = await world.space.get([storedCertificates.key('shop.test')]);
    t.is(
      new X509Certificate(storedCertificates.decode(entry)?.chain ?? '').checkHost('shop.test'),
      'shop.test',
    );
    t.deepEqual(
      (await world.events()).map(({ type }) => type),
      ['sallyport.certs.issued.v1'],
    );
  },
);

test.serial(
  'a name that is not permitted never reaches the CA; one that does not lead to us does once',
  async (t) => {
    await using cluster = await openClusterWorld();
    const { pebble, instances } = cluster;
    await pebble.setA('astray.test', '127.0.0.4');
    for (const { obtain } of instances) {
      t.like(await obtain('www.example.com', hello, { signal }), { reason: 'not-allowed' });
      t.like(await obtain('127.0.0.1', hello, { signal }), { reason: 'bad-name' });
    }
    t.is(pebble.count('orders'), 0);
    const [a, b] = instances;
    t.like(await a.obtain('astray.test', hello, { signal }), { reason: 'challenge' });
    t.like(await b.obtain('astray.test', hello, { signal }), { reason: 'failed-before' });
    // One for each type of challenge.
    t.is(pebble.count('orders'), 2);
  },
);

test.serial(
  'a CA that is down is remembered for a moment; after that it is asked again, and works',
  async (t) => {
    await using cluster = await openClusterWorld();
    const { pebble, world, instances } = cluster;
    const [a, b] = instances;
    await pebble.setA('down.test', '127.0.0.3');
    await pebble.kill();
    const down = await a.obtain('down.test', hello, { signal });
    t.like(down, { outcome: 'refused', reason: 'unreachable' });
    const again = Date.parse((down as { retryAfter: string }).retryAfter) - Date.now();
    t.true(again > 0 && again <= 10_000, `${again} ms`);
    t.like(await b.obtain('down.test', hello, { signal }), { reason: 'failed-before' });
    await pebble.restart();
    await world.space.commit({ delete: [storedRefusals.key('down.test')] });
    t.like(await b.obtain('down.test', hello, { signal }), { outcome: 'ready' });
  },
);
