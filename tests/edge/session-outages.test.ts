import type { PluginHooks } from '@sallyport/edge';
import { storeKeys } from '@sallyport/session';
import type { ExecutionContext } from 'ava';
import { startSessions } from '../sessions/sessions-world.ts';
import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import { ask, brokenWorld, cookieOf, type Outcome, openEdgeSide } from './plugins-world.ts';

const test = testWith('nats-server', 'redis-server');

const GRACE_MS = 5000;
const LONG_MS = 30_000;

/** Real brokers, the service `sessions`, an edge with a session that is warm there, and one that has never seen it. */
async function open() {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await brokenWorld());
  const { redis, nats } = world;
  const service = stack.use(await startSessions(world));
  const settings = { outageGraceMs: GRACE_MS, rpcMs: 3000 };
  const edge = stack.use(await openEdgeSide(world, settings));
  const other = stack.use(await openEdgeSide(world, settings, edge.people));
  edge.people.add('nobody');
  edge.people.add('fiona', 'open sesame');
  const chain = (side: typeof edge): PluginHooks[] => [
    side.plugin('session', { storage: 'server' }),
    side.plugin('key-auth', { anonymous: 'nobody' }),
  ];
  const [here, there] = [chain(edge), chain(other)];
  const key = { headers: { apikey: 'open sesame' } };
  const cookie = await until(
    async () => cookieOf(await ask(here, key)) || undefined,
    'a cookie',
    LONG_MS,
  );
  const show = (plugins = here) => ask(plugins, { headers: { cookie } });
  await until(
    async () => {
      const before = edge.trips.store;
      await show();
      return edge.trips.store === before;
    },
    'revocations are followed',
    LONG_MS,
  );
  const owned = stack.move();
  return {
    ...{ redis, nats, world, service, edge, other, here, there, cookie, show },
    logIn: () => ask(here, key),
    logInThere: () =>
      ask([edge.plugin('pipeline-auth')], {
        headers: { authorization: `Basic ${Buffer.from('a:b').toString('base64')}` },
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type Opened = Awaited<ReturnType<typeof open>>;

const known = ({ identity }: Outcome) => identity?.session !== undefined;

function isAway(t: ExecutionContext, outcome: Outcome) {
  t.is(outcome.status, 503);
  t.regex(String(outcome.answer?.headers?.['retry-after']), /^[1-9]\d*$/);
  t.is(outcome.identity, undefined);
  t.deepEqual(outcome.setCookie, []);
}

/** Shows the warm session for `ms`, as fast as it goes; it must be known each time. */
async function knownFor(t: ExecutionContext, { show }: Opened, ms: number) {
  const end = performance.now() + ms;
  let times = 0;
  await until(
    async () => {
      const outcome = await show();
      if (!known(outcome))
        t.fail(`status ${outcome.status} after ${ms - (end - performance.now())} ms`);
      times += 1;
      return performance.now() >= end;
    },
    'the time has passed',
    ms + LONG_MS,
  );
  t.true(times > 3);
}

/** Without the store the warm session goes on for the grace, then it is 503; it is never "nobody". */
async function gracefully(t: ExecutionContext, world: Opened, killed: number) {
  await until(
    async () => {
      const outcome = await world.show();
      if (known(outcome)) return false;
      isAway(t, outcome);
      return true;
    },
    'the grace is over',
    LONG_MS,
  );
  t.true(performance.now() - killed >= GRACE_MS - 100, `${performance.now() - killed} ms`);
  isAway(t, await world.show());
}

async function servedWithoutCookie(t: ExecutionContext, { logIn }: Opened) {
  const outcome = await logIn();
  t.is(outcome.answer, undefined);
  t.is(outcome.identity?.subject, 'fiona');
  t.deepEqual(outcome.setCookie, []);
}

test('bus down, store up: warm and cold sessions are known, what was revoked isn’t, keys log in without a cookie, logins by password are 503', async (t) => {
  await using world = await open();
  await world.nats.kill();
  const before = world.edge.trips.store;
  await knownFor(t, world, 4000);
  t.true(world.edge.trips.store > before, 'the store was asked again');
  t.true(known(await world.show(world.there)), 'cold');
  await servedWithoutCookie(t, world);
  isAway(t, await world.logInThere());

  // What a service does that the edge can't hear of.
  const id = (await world.show()).identity?.session as string;
  const gone = { key: storeKeys.revoked(id), value: Buffer.from('x'), format: 1, ttlMs: 60_000 };
  await world.world.space.commit({ put: [gone] });
  const revoked = performance.now();
  await until(async () => (await world.show()).identity?.anonymous, 'the revocation counts', 6000);
  t.true(performance.now() - revoked < 5000);
});

test('bus up, store down: a warm session is known for the grace and is 503 then, a cold one is 503, keys log in without a cookie', async (t) => {
  await using world = await open();
  const killed = performance.now();
  await world.redis.kill();
  isAway(t, await world.show(world.there));
  await servedWithoutCookie(t, world);
  await gracefully(t, world, killed);
  await world.redis.restart();
  await until(async () => known(await world.show()), 'the session is known again', LONG_MS);
  t.true(known(await world.show(world.there)));
});

test('both down: the same, and logins by password are 503; when both are back, so is everything', async (t) => {
  await using world = await open();
  const killed = performance.now();
  await Promise.all([world.redis.kill(), world.nats.kill()]);
  isAway(t, await world.show(world.there));
  await servedWithoutCookie(t, world);
  isAway(t, await world.logInThere());
  await gracefully(t, world, killed);
  await Promise.all([world.redis.restart(), world.nats.restart()]);
  await until(async () => known(await world.show()), 'the session is known again', LONG_MS);
  await until(
    async () => cookieOf(await world.logIn()) !== '',
    'logins get cookies again',
    LONG_MS,
  );
  t.true(known(await world.show(world.there)));
});

test('log-out at one edge counts at the other within a second', async (t) => {
  await using world = await open();
  t.true(known(await world.show(world.there)));
  const headers = { cookie: world.cookie };
  const out = await ask(world.here, { method: 'POST', query: 'session_logout', headers });
  t.is(out.status, 200);
  const began = performance.now();
  await until(async () => (await world.show(world.there)).identity?.anonymous, 'over there', 1000);
  t.true(performance.now() - began < 1000);
});
