import { type FeedReader, followFeed } from '@sallyport/bus';
import { revocations, sessionRevoked, tickets } from '@sallyport/contracts';
import { systemClock } from '@sallyport/runtime';
import {
  RevocationTable,
  revocationOf,
  revocationSource,
  ringSource,
  storeKeys,
} from '@sallyport/session';
import type { Changes, Space } from '@sallyport/store';
import test from 'ava';
import { until } from '../world/until.ts';
import {
  type Edge,
  embeddedWorld,
  openEdge,
  startAll,
  startSessions,
  type World,
} from './sessions-world.ts';

/** What an edge keeps of revocations. */
async function follow(
  world: World,
  edge: Edge,
): Promise<{ table: RevocationTable; reader: FeedReader } & AsyncDisposable> {
  const table = new RevocationTable();
  const reader = await followFeed({
    ...{ feed: revocations, feeds: edge.bus.feeds, clock: systemClock },
    source: revocationSource(world.space),
    reset(all) {
      for (const one of all) table.take(one);
    },
    apply: (delta) => table.take(revocationOf(delta)),
  });
  await reader.ready();
  await until(() => reader.fresh, 'the reader is fresh');
  return { table, reader, [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose]() };
}

/** A space whose commits to the log of revocations fail, as if the process died after a subject's commit. */
function withoutLog(space: Space): Space {
  return {
    ...space,
    name: space.name,
    get: space.get.bind(space),
    counters: space.counters.bind(space),
    range: space.range.bind(space),
    hit: space.hit.bind(space),
    lease: space.lease.bind(space),
    outbox: { claim: async () => undefined, onCommit: () => ({ [Symbol.dispose]() {} }) },
    async commit(changes: Changes, signal) {
      const [first] = changes.put ?? [];
      if (first?.key[0] === 'revocation-log') throw new Error('died');
      return await space.commit(changes, signal);
    },
  };
}

test.serial(
  'Revocations reach readers of the feed by its deltas, and those who come later by the snapshot.',
  async (t) => {
    await using all = await startAll();
    const { edge, world } = all;
    await using early = await follow(world, edge);
    const one = await edge.create({});
    const { id, tag } = edge.look(one.cookie);
    t.is(early.table.judge({ id, tag, epoch: 0 }), 'none');
    await edge.revoke({ session: one.session });
    await until(() => early.table.judge({ id, tag, epoch: 0 }) === 'revoked', 'told');
    const two = await edge.create({});
    const judged = { id: two.session, tag, epoch: 0 };
    await edge.revoke({ subject: 'alice' });
    await until(() => early.table.judge(judged) === 'ask', 'told of all');
    await using late = await follow(world, edge);
    t.is(late.table.judge({ id, tag, epoch: 0 }), 'revoked');
    t.is(late.table.judge(judged), 'ask');
    t.is(late.table.size, 2);
    t.is(late.reader.head?.version, 2);
  },
);

test.serial(
  'A process that dies between the end of a session and the news of it leaves a message that the next one brings.',
  async (t) => {
    await using world = await embeddedWorld();
    const dying = await startSessions(world, {}, (ports) => ({
      ...ports,
      space: withoutLog(ports.space),
    }));
    const edge = await openEdge(world);
    await using watching = await follow(world, edge);
    const { table } = watching;
    const told = await edge.create({});
    const { id, tag } = edge.look(told.cookie);
    t.is(await edge.revoke({ session: id }), 1, 'ended, whatever becomes of the news');
    t.is((await edge.renew(told.cookie)).outcome, 'refused');
    t.deepEqual(await revocationSource(world.space).head(), { epoch: 'unbegun', version: 0 });
    t.is(table.size, 0);
    const [revoked] = await world.space.get([storeKeys.revoked(id)]);
    t.truthy(revoked, 'what an edge finds that reads the store');
    await dying[Symbol.asyncDispose]();
    await using next = await startSessions(world);
    t.truthy(next);
    await until(() => table.judge({ id, tag, epoch: 0 }) === 'revoked', 'told by the next');
    t.is((await revocationSource(world.space).head()).version, 1);
  },
);

test.serial(
  'A process that dies between two tags of a subject leaves nothing undone, and nothing is done twice.',
  async (t) => {
    await using world = await embeddedWorld();
    const first = await startSessions(world, { check_keys: '100ms' });
    const edge = await openEdge(world);
    const old = await edge.create({});
    await first.ports.keys.rotate('sessions');
    await until(() => first.ports.rings.sessions.active === 2, 'the new key is in use');
    const young = await edge.create({});
    await edge.ring.reload();
    const [oldTag, youngTag] = [edge.look(old.cookie).tag, edge.look(young.cookie).tag];
    await first[Symbol.asyncDispose]();

    const dying = await startSessions(world, {}, (ports) => {
      const space = withoutLog(ports.space);
      const commit = space.commit.bind(space);
      return {
        ...ports,
        space: {
          ...space,
          async commit(changes, signal) {
            const [put] = changes.put ?? [];
            if (put?.key[0] === oldTag) throw new Error('died');
            return await commit(changes, signal);
          },
        },
      };
    });
    await t.throwsAsync(edge.revoke({ subject: 'alice' }));
    t.is((await edge.renew(young.cookie)).outcome, 'refused');
    t.is((await edge.renew(old.cookie)).outcome, 'renewed', 'not yet');
    await dying[Symbol.asyncDispose]();

    await using next = await startSessions(world);
    t.truthy(next);
    await until(async () => (await edge.renew(old.cookie)).outcome === 'refused', 'all have ended');
    const source = revocationSource(world.space);
    await until(async () => (await source.head()).version >= 2, 'both tags are told');
    const { value } = await source.snapshot();
    t.deepEqual(value.map(({ tag }) => tag).sort(), [oldTag, youngTag].sort());
    const events: unknown[] = [];
    await using _ = await edge.bus.events.subscribe(sessionRevoked, { from: 'all' }, ({ data }) => {
      events.push(data);
    });
    await until(() => events.length > 0, 'the event');
    t.is(events.length, 1);
  },
);

test.serial(
  'Ticket keys are replaced when they are due, by one of the instances, and readers are told.',
  async (t) => {
    await using world = await embeddedWorld();
    const settings = { check_keys: '100ms', tickets: { rotate: '1h' } };
    await using a = await startSessions(world, settings);
    await using b = await startSessions(world, settings);
    const edge = await openEdge(world);
    const ring = a.ports.rings.tickets;
    const told: number[] = [];
    await using reader = await followFeed({
      ...{ feed: tickets, feeds: edge.bus.feeds, clock: systemClock },
      source: ringSource(b.ports.rings.tickets),
      reset: ({ revision }) => told.push(revision),
      apply: ({ revision }) => told.push(revision),
    });
    await reader.ready();
    t.deepEqual(told, [1]);
    world.clock.advance(3_600_000 - 1);
    await systemClock.sleep(300);
    t.is(ring.active, 1, 'not before');
    world.clock.advance(1);
    await until(() => told.includes(2), 'the rotation is told');
    await until(() => ring.active === 2 && b.ports.rings.tickets.active === 2, 'both have it');
    t.deepEqual(
      ring.keys.map(({ state }) => state),
      ['fallback', 'active'],
    );
    world.clock.advance(3_600_000);
    await until(() => told.includes(3), 'the next rotation');
    world.clock.advance(3_600_001);
    await until(() => ring.keys[0]?.state === 'retired', 'the first key is destroyed');
    await until(() => told.at(-1) === ring.revision, 'and readers know');
    t.deepEqual(
      ring.keys.map(({ state }) => state),
      ['retired', 'fallback', 'fallback', 'active'],
    );
    t.deepEqual(
      told,
      [...told].sort((x, y) => x - y),
    );
  },
);

test.serial(
  'Whoever gets the lease after another has replaced the key leaves it at that.',
  async (t) => {
    await using world = await embeddedWorld();
    const settings = { check_keys: '100ms', tickets: { rotate: '1h' } };
    let leases = 0;
    await using instance = await startSessions(world, settings, (ports) => ({
      ...ports,
      space: {
        ...withoutLog(ports.space),
        async lease(key, ttlMs, signal) {
          // Somebody else was faster, between our look and the lease.
          if (leases === 0) await ports.keys.rotate('tickets');
          leases += 1;
          return await ports.space.lease(key, ttlMs, signal);
        },
      },
    }));
    world.clock.advance(3_600_000);
    await until(() => leases > 0 && instance.ports.rings.tickets.active > 1, 'the key is replaced');
    await instance[Symbol.asyncDispose]();
    await instance.ports.rings.tickets.reload();
    t.is(instance.ports.rings.tickets.active, 2);
  },
);

test.serial(
  'The keys of sessions are replaced too, and kept as long as the longest session.',
  async (t) => {
    const settings = {
      ...{ check_keys: '100ms', keys: { rotate: '1h' }, tickets: { rotate: '7d' } },
      limits: { absolute: '2h' },
    };
    await using all = await startAll(settings);
    const { instance, clock } = all;
    const ring = instance.ports.rings.sessions;
    clock.advance(3_600_000);
    await until(() => ring.active === 2, 'the second key');
    clock.advance(3_600_000);
    await until(() => ring.active === 3, 'the third key');
    t.is(ring.keys[0]?.state, 'fallback');
    clock.advance(3_600_001);
    await until(() => ring.keys[0]?.state === 'retired', 'the first key is destroyed');
    t.is(ring.keys[1]?.state, 'fallback');
  },
);

test.serial(
  'Two instances become ready when the store answers, and a drained one answers nobody.',
  async (t) => {
    await using all = await startAll();
    const { edge, instance } = all;
    instance.ports.health.enter('up');
    await until(async () => (await instance.ports.health.ready()).ok, 'ready');
    await instance.drain(AbortSignal.timeout(5_000));
    const error = await t.throwsAsync(edge.create({}));
    t.like(error, { code: 'SP_ERR_RPC_UNAVAILABLE' });
  },
);
