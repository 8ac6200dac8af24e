import { storeKeys } from '@sallyport/session';
import type { Changes, Space } from '@sallyport/store';
import test from 'ava';
import { embeddedWorld, openEdge, startSessions } from './sessions-world.ts';

const MINUTE = 60_000;

/** A space where `first` happens once, before the first commit that `when` picks. */
function beforeCommit(
  space: Space,
  when: (changes: Changes) => boolean,
  first: () => Promise<unknown>,
): Space {
  let done = false;
  return {
    name: space.name,
    outbox: space.outbox,
    get: (keys, signal) => space.get(keys, signal),
    counters: (keys, signal) => space.counters(keys, signal),
    range: (index, query, signal) => space.range(index, query, signal),
    hit: (windows, signal) => space.hit(windows, signal),
    lease: (key, ttlMs, signal) => space.lease(key, ttlMs, signal),
    async commit(changes, signal) {
      if (!done && when(changes)) {
        done = true;
        await first();
      }
      return await space.commit(changes, signal);
    },
  };
}

/** Two instances that don't share requests: what the second does happens in the middle of the first's commit. */
async function race(when: (changes: Changes) => boolean) {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await embeddedWorld());
  // A bus of its own, over the same store.
  const other = { ...world, connect: stack.use(await embeddedWorld()).connect };
  stack.use(await startSessions(other));
  const second = await openEdge(other);
  let middle: () => Promise<unknown> = async () => {};
  stack.use(
    await startSessions(world, {}, (ports) => ({
      ...ports,
      space: beforeCommit(ports.space, when, () => middle()),
    })),
  );
  const first = await openEdge(world);
  const owned = stack.move();
  return {
    ...{ world, first, second },
    meanwhile(what: () => Promise<unknown>) {
      middle = what;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const puts = (kind: string) => (changes: Changes) =>
  (changes.put ?? []).some(({ key }) => key[1] === kind);

test.serial('A login that meets a revocation of all is a login after it.', async (t) => {
  await using r = await race(puts('creation'));
  const { first, second } = r;
  r.meanwhile(() => second.revoke({ subject: 'alice' }));
  const told = await first.create({});
  t.is((await second.renew(told.cookie)).outcome, 'renewed');
  t.deepEqual(
    (await second.list('alice')).map(({ session }) => session),
    [told.session],
  );
});

for (const storage of ['server', 'cookie'] as const) {
  for (const target of ['one', 'all'] as const) {
    test.serial(
      `${storage} storage: a renewal that meets the revocation of ${target} is refused.`,
      async (t) => {
        await using r = await race(puts('session'));
        const { first, second, world } = r;
        const policy = { storage, idleMs: 0 };
        const told = await second.create({ policy });
        world.clock.advance(50 * MINUTE);
        r.meanwhile(() =>
          second.revoke(target === 'one' ? { session: told.session } : { subject: 'alice' }),
        );
        t.is((await first.renew(told.cookie, { policy })).outcome, 'refused');
        t.deepEqual(await second.list('alice'), []);
        const { tag } = second.look(told.cookie, storage);
        t.deepEqual(await world.space.range(storeKeys.index(tag)), []);
      },
    );

    test.serial(
      `${storage} storage: a touch that meets the revocation of ${target} is refused.`,
      async (t) => {
        await using r = await race(puts('session'));
        const { first, second, world } = r;
        const policy = { storage };
        const told = await second.create({ policy });
        world.clock.advance(MINUTE);
        r.meanwhile(() =>
          second.revoke(target === 'one' ? { session: told.session } : { subject: 'alice' }),
        );
        t.is((await first.renew(told.cookie, { policy })).outcome, 'refused');
        const [record] = await world.space.get([storeKeys.record(told.session)]);
        t.is(record, undefined);
      },
    );
  }
}

test.serial('A logout that meets a renewal ends the successor too.', async (t) => {
  await using r = await race(puts('revoked'));
  const { first, second, world } = r;
  const policy = { idleMs: 0 };
  const told = await second.create({ policy });
  world.clock.advance(50 * MINUTE);
  let renewed: Awaited<ReturnType<typeof second.renew>> | undefined;
  r.meanwhile(async () => {
    renewed = await second.renew(told.cookie, { policy });
  });
  t.is(await first.revoke({ session: told.session }), 1);
  if (renewed?.outcome !== 'renewed') return t.fail();
  t.is((await second.renew(renewed.cookie, { policy })).outcome, 'refused');
  t.deepEqual(await second.list('alice'), []);
});

test.serial(
  'Where the store was emptied, sessions of cookie storage go on, and can be ended.',
  async (t) => {
    await using world = await embeddedWorld();
    await using _ = await startSessions(world);
    const edge = await openEdge(world);
    const policy = { storage: 'cookie', idleMs: 0 };
    const told = [await edge.create({ policy }), await edge.create({ policy })] as const;
    for (const { session } of told)
      await world.space.commit({ delete: [storeKeys.record(session)] });
    world.clock.advance(50 * MINUTE);
    const renewed = await edge.renew(told[0].cookie, { policy });
    t.is(renewed.outcome, 'renewed');
    await edge.revoke({ session: told[1].session });
    t.deepEqual(await edge.renew(told[1].cookie, { policy }), {
      outcome: 'refused',
      reason: 'revoked',
    });
  },
);
