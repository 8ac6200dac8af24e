import type { ExecutionContext } from 'ava';
import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import { openCertsSide, openEdgeCertificates } from './certificates-world.ts';
import { brokenWorld } from './plugins-world.ts';

const test = testWith('nats-server', 'redis-server');

const WAIT_MS = 1500;
const LONG_MS = 30_000;
const KNOWN = 'known.test';
const STORED = 'stored.test';

/** Real brokers, and an edge that has served one name and not yet another that is stored. */
async function open() {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await brokenWorld());
  const { redis, nats } = world;
  const certs = stack.use(await openCertsSide(world));
  const edge = stack.use(await openEdgeCertificates(world, { waitMs: WAIT_MS, readMs: 1000 }));
  stack.use(
    await certs.answer(async ({ name }) => ({
      ...{ outcome: 'ready', fingerprint: await certs.certify(name) },
    })),
  );
  const known = await certs.certify(KNOWN);
  const stored = await certs.certify(STORED);
  await until(async () => (await edge.find(KNOWN)) === known, 'the name is known', LONG_MS);
  const owned = stack.move();
  return { redis, nats, edge, known, stored, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

type Opened = Awaited<ReturnType<typeof open>>;

async function knownServes(t: ExecutionContext, { edge, known }: Opened) {
  const end = performance.now() + 2500;
  let times = 0;
  await until(
    async () => {
      t.is(await edge.find(KNOWN), known);
      times += 1;
      return performance.now() > end;
    },
    'the time has passed',
    LONG_MS,
  );
  t.true(times > 3);
}

/** Refused, so that the front takes the fallback or an alert, before its own deadline. */
async function newIsRefused(t: ExecutionContext, { edge }: Opened, name: string) {
  const began = performance.now();
  t.is(await edge.find(name), 'certificate-unavailable');
  t.true(performance.now() - began < WAIT_MS + 2000);
}

async function recovers(t: ExecutionContext, { edge }: Opened) {
  await until(
    async () => /^[0-9a-f]{64}$/.test(await edge.find('new.test')),
    'it is obtained',
    LONG_MS,
  );
  t.pass();
}

test('bus down: known and stored certificates serve, a new name is refused at the deadline', async (t) => {
  await using world = await open();
  await world.nats.kill();
  await knownServes(t, world);
  t.is(await world.edge.find(STORED), world.stored);
  await newIsRefused(t, world, 'new.test');
  await world.nats.restart();
  await recovers(t, world);
});

test('store down: the known certificate serves, new names are refused at the deadline', async (t) => {
  await using world = await open();
  await world.redis.kill();
  await knownServes(t, world);
  await newIsRefused(t, world, 'new.test');
  await world.redis.restart();
  await recovers(t, world);
});

test('both down: the known certificate serves, new names are refused at the deadline', async (t) => {
  await using world = await open();
  await Promise.all([world.redis.kill(), world.nats.kill()]);
  await knownServes(t, world);
  await newIsRefused(t, world, 'new.test');
  await Promise.all([world.redis.restart(), world.nats.restart()]);
  await recovers(t, world);
});
