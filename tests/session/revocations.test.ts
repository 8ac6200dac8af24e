import { randomBytes } from 'node:crypto';
import { ManualClock } from '@sallyport/runtime';
import {
  appendRevocations,
  type Revocation,
  RevocationTable,
  revocationDelta,
  revocationOf,
  revocationSource,
  ringSource,
  sessionId,
} from '@sallyport/session';
import type { Space } from '@sallyport/store';
import { openSqliteStore } from '@sallyport/store/sqlite';
import test from 'ava';
import { tempDir } from '../world/program.ts';

interface World extends AsyncDisposable {
  readonly space: Space;
  readonly clock: ManualClock;
}

async function world(): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await tempDir());
  const clock = new ManualClock();
  const store = stack.use(await openSqliteStore({ path: `${dir.path}/store.sqlite`, clock }));
  const owned = stack.move();
  return {
    space: store.space('sessions'),
    clock,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const newTag = () => randomBytes(8).toString('base64url');
function newSession(until: number, tag = newTag()): Revocation {
  return { tag, session: sessionId(tag, randomBytes(32)), until };
}

test('A reader of nothing is at version 0, and the first revocation is version 1 of a numbering.', async (t) => {
  await using w = await world();
  const source = revocationSource(w.space);
  t.deepEqual(await source.head(), { epoch: 'unbegun', version: 0 });
  t.deepEqual((await source.snapshot()).value, []);
  const one = newSession(w.clock.now() + 1000);
  const batches = [{ id: 'a', revocations: [one] }];
  const done = await appendRevocations(w.space, { batches, now: w.clock.now() });
  t.is(done?.version, 1);
  t.deepEqual(done?.appended, [one]);
  t.deepEqual(await source.head(), { epoch: done?.epoch as string, version: 1 });
  t.is(await source.since({ epoch: 'unbegun', version: 0 }), undefined, 'another numbering');
});

test('An append that is tried again adds nothing, and what has ended already isn’t added.', async (t) => {
  await using w = await world();
  const now = w.clock.now();
  const append = (id: string, ...revocations: Revocation[]) =>
    appendRevocations(w.space, { batches: [{ id, revocations }], now });
  t.truthy(await append('a', newSession(now + 1000), newSession(now + 1000)));
  t.is(await append('a', newSession(now + 1000)), undefined);
  t.is(await append('b', newSession(now)), undefined);
  t.is((await revocationSource(w.space).head()).version, 2);
});

test('Snapshot and deltas say the same, over pages, and only of what lies ahead.', async (t) => {
  await using w = await world();
  const source = revocationSource(w.space);
  const now = w.clock.now();
  const all = [
    { tag: newTag(), epoch: now, until: now + 5_000 },
    ...Array.from({ length: 1_199 }, (_, i) => newSession(now + 1_000 + i)),
  ];
  await appendRevocations(w.space, {
    ...{ batches: [{ id: 'first', revocations: all.slice(0, 1) }], now },
  });
  const began = await source.head();
  for (let i = 1; i < all.length; i += 200) {
    const revocations = all.slice(i, i + 200);
    const batches = [{ id: `n${i}`, revocations }];
    t.is((await appendRevocations(w.space, { batches, now }))?.version, i + 1);
  }
  const deltas = await source.since(began);
  t.deepEqual(
    deltas?.map(({ delta }) => revocationOf(delta)),
    all.slice(1),
  );
  t.deepEqual(
    deltas?.map(({ version }) => version),
    all.slice(1).map((_, i) => i + 2),
  );
  const snapshot = await source.snapshot();
  t.is(snapshot.version, 1_200);
  const order = (list: readonly Revocation[]) =>
    list.map((one) => JSON.stringify(revocationDelta(one))).sort();
  t.deepEqual(order(snapshot.value), order(all));
  await w.clock.advance(1_500);
  t.is((await source.snapshot()).value.length, 1_200 - 501);
  await w.clock.advance(3_600_000);
  t.deepEqual((await source.snapshot()).value, []);
  t.is(await source.since(began), undefined, 'deltas are kept for an hour');
  t.deepEqual(await source.since(await source.head()), []);
});

test('Appends side by side each get versions of their own, without a gap.', async (t) => {
  await using w = await world();
  const now = w.clock.now();
  const ids = Array.from({ length: 12 }, (_, i) => `x${i}`);
  const firsts = await Promise.all(
    ids.map((id) =>
      appendRevocations(w.space, {
        batches: [{ id, revocations: [newSession(now + 9_000), newSession(now + 9_000)] }],
        now,
      }),
    ),
  );
  t.deepEqual(
    firsts.map((done) => done?.version ?? 0).sort((a, b) => a - b),
    ids.map((_, i) => 1 + 2 * i),
  );
  t.is((await revocationSource(w.space).head()).version, 24);
});

test('The table tells ended sessions from those whose subject’s epoch has to be asked, until they would have ended anyway.', (t) => {
  const table = new RevocationTable();
  const tag = newTag();
  const one = newSession(100, tag) as Revocation & { session: string };
  const judge = (id: string, epoch: number) => table.judge({ id, tag, epoch });
  t.is(judge(one.session, 5), 'none');
  table.take(one);
  table.take({ ...one, until: 50 });
  t.is(judge(one.session, 5), 'revoked');
  t.is(judge('another', 5), 'none');
  table.take({ tag, epoch: 7, until: 300 });
  table.take({ tag, epoch: 6, until: 200 });
  t.deepEqual(
    [6, 7, 8].map((epoch) => judge('another', epoch)),
    ['ask', 'none', 'none'],
  );
  t.is(table.size, 2);
  table.prune(99);
  t.is(table.size, 2);
  table.prune(100);
  t.is(judge(one.session, 7), 'none');
  t.is(judge('another', 6), 'ask');
  table.prune(300);
  t.is(table.size, 0);
});

test('What isn’t a member of the index stops the snapshot instead of letting a session live.', async (t) => {
  await using w = await world();
  const index = ['revocation-log', 'current'] as const;
  await w.space.commit({ index: [{ index, add: 'z.future', score: w.clock.now() + 1000 }] });
  await t.throwsAsync(revocationSource(w.space).snapshot(), { code: 'SP_ERR_SESSION_RECORD' });
  t.throws(() => revocationOf({ tag: newTag(), until: 'soon' }), { code: 'SP_ERR_SESSION_RECORD' });
});

test('The feed of a ring has its revisions as versions, and asks the ring each time.', async (t) => {
  const ring = {
    revision: 3,
    async reload() {
      ring.revision += 1;
      return true;
    },
  };
  const source = ringSource(ring);
  t.deepEqual(await source.head(), { epoch: 'ring', version: 4 });
  t.deepEqual(await source.since({ epoch: 'ring', version: 3 }), [
    { version: 4, delta: { revision: 4 } },
    { version: 5, delta: { revision: 5 } },
  ]);
  t.is(await source.since({ epoch: 'ring', version: 9 }), undefined);
  t.is(await source.since({ epoch: 'other', version: 1 }), undefined);
  t.is((await source.snapshot()).value, ring);
});
