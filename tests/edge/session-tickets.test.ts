import { followTickets, type TicketKeys, ticketKeys } from '@sallyport/edge';
import { createLogger } from '@sallyport/runtime';
import test from 'ava';
import { startSessions } from '../sessions/sessions-world.ts';
import { until } from '../world/until.ts';
import { edgeWorld, ringsOf } from './plugins-world.ts';

/** An edge that follows, and the keys it was given, newest last. */
async function follow(world: Awaited<ReturnType<typeof edgeWorld>>) {
  const used: TicketKeys[] = [];
  const ring = await ringsOf(world, 'edge').openRing('tickets');
  const bus = await world.connect('edge');
  const following = await followTickets({
    ...{ feeds: bus.feeds, ring, clock: world.clock },
    logger: createLogger({ sink: { write: () => {}, flush: async () => {} } }),
    rotate: (keys) => void used.push(keys),
  });
  return { used, ring, [Symbol.asyncDispose]: () => following[Symbol.asyncDispose]() };
}

test('all edges have the same ticket keys, 48 bytes each with names of their own, and know the earlier ones after a rotation', async (t) => {
  await using world = await edgeWorld();
  await using service = await startSessions(world);
  await using one = await follow(world);
  await using two = await follow(world);
  const [first] = one.used as [TicketKeys];
  t.is(first.current.length, 48);
  t.deepEqual(first.previous, []);
  t.deepEqual(two.used, [first]);

  await service.ports.keys.rotate('tickets');
  await until(() => one.used.length > 1 && two.used.length > 1, 'both have heard of it');
  const second = one.used.at(-1) as TicketKeys;
  t.deepEqual(two.used.at(-1), second);
  t.deepEqual(second.previous, [first.current]);
  t.notDeepEqual(second.current.subarray(0, 16), first.current.subarray(0, 16));

  world.clock.advance(60_000);
  await service.ports.keys.rotate('tickets');
  await until(() => one.used.at(-1)?.previous.length === 2);
  t.deepEqual(one.used.at(-1)?.previous, [second.current, first.current]);
  await service.ports.keys.retire('tickets', { olderThanMs: 30_000 });
  await until(() => one.used.at(-1)?.previous.length === 1, 'what was destroyed is forgotten');
});

test('ticket keys are those of the ring alone: another master key, others', async (t) => {
  await using world = await edgeWorld();
  await using _ = await startSessions(world);
  const ring = await ringsOf(world, 'edge').openRing('tickets');
  t.deepEqual(ticketKeys(ring), ticketKeys(ring));
  await using elsewhere = await edgeWorld();
  await using __ = await startSessions(elsewhere);
  const other = await ringsOf(elsewhere, 'edge').openRing('tickets');
  t.notDeepEqual(ticketKeys(other).current, ticketKeys(ring).current);
});

test('while the service is away the last keys serve', async (t) => {
  await using world = await edgeWorld();
  const service = await startSessions(world);
  await using one = await follow(world);
  await service[Symbol.asyncDispose]();
  await using again = await startSessions(world);
  t.is(one.used.length, 1);
  await again.ports.keys.rotate('tickets');
  await until(() => one.used.length > 1, 'another instance tells');
  t.deepEqual(one.used.at(-1)?.previous, [one.used[0]?.current]);
});
