import type { Space, Window } from '../ports.ts';
import type { Cases, Scene } from './subject.ts';

const HOUR = 3_600_000;
const key = ['p', 'w'] as const;

async function one(space: Space, window: Window) {
  const [judgement] = await space.hit([window]);
  return judgement;
}

/** Moves to `offset` ms behind the beginning of the next fixed window; only with exact time. */
async function windowEdge({ store, pass }: Scene, periodMs: number, offset: number) {
  await pass(periodMs - ((await store.now()) % periodMs) + offset);
}

export const windows: Cases = {
  'a window allows as much as its limit, and then says how long to wait': async (t, { space }) => {
    const window = { key, periodMs: 100 * HOUR, limit: 3 };
    for (const count of [1, 2, 3]) {
      t.deepEqual(await one(space, window), { allowed: true, count, retryAfterMs: 0 });
    }
    const refused = await one(space, window);
    t.false(refused?.allowed);
    t.is(refused?.count, 4, 'a refused hit counts too');
    t.true((refused?.retryAfterMs ?? 0) > 0);
    t.true((refused?.retryAfterMs ?? Infinity) <= 200 * HOUR);
  },

  'a hit may cost more than 1; a cost of 0 asks without counting': async (t, { space }) => {
    const window = { key, periodMs: 100 * HOUR, limit: 10 };
    t.is((await one(space, { ...window, cost: 7 }))?.count, 7);
    t.deepEqual(await one(space, { ...window, cost: 0 }), {
      allowed: true,
      count: 7,
      retryAfterMs: 0,
    });
    t.false((await one(space, { ...window, cost: 4 }))?.allowed);
    const asked = await one(space, { ...window, cost: 0 });
    t.is(asked?.count, 11);
    t.false(asked?.allowed, 'the limit is exceeded already');
    t.is((await one(space, { ...window, cost: 11 }))?.retryAfterMs, Number.POSITIVE_INFINITY);
  },

  'counting only what is allowed: a refused hit leaves every window marked so as it was': async (
    t,
    { space },
  ) => {
    const narrow = { key: ['p', 'narrow'], periodMs: 100 * HOUR, limit: 1 } as const;
    const wide = { key: ['p', 'wide'], periodMs: 100 * HOUR, limit: 5 } as const;
    const always = { key: ['p', 'always'], periodMs: 100 * HOUR, limit: 100 } as const;
    const call = () =>
      space.hit([
        { ...narrow, count: 'allowed' },
        { ...wide, count: 'allowed' },
        { ...always, count: 'always' },
      ]);
    t.deepEqual(
      (await call()).map(({ allowed, count }) => [allowed, count]),
      [
        [true, 1],
        [true, 1],
        [true, 1],
      ],
    );
    t.deepEqual(
      (await call()).map(({ allowed, count }) => [allowed, count]),
      [
        [false, 1],
        [true, 1],
        [true, 2],
      ],
    );
    // A window that counts always refuses for the others too.
    const [rate, force] = await space.hit([
      { ...wide, count: 'allowed' },
      { ...always, limit: 2 },
    ]);
    t.deepEqual([rate?.allowed, rate?.count, rate?.retryAfterMs], [true, 1, 0]);
    t.deepEqual([force?.allowed, force?.count], [false, 3]);
  },

  'windows of several partitions are judged in one call, each partition for itself': async (
    t,
    { space },
  ) => {
    const window = (partition: string, name: string, limit: number): Window => ({
      key: [partition, name],
      periodMs: 100 * HOUR,
      limit,
      count: 'allowed',
    });
    const call = () =>
      space.hit([
        window('a', '1', 1),
        window('b', '1', 5),
        window('a', '2', 5),
        window('c', '1', 0),
        window('b', '2', 5),
      ]);
    const shape = async () => (await call()).map(({ allowed, count }) => [allowed, count]);
    t.deepEqual(await shape(), [
      [true, 1],
      [true, 1],
      [true, 1],
      [false, 0],
      [true, 1],
    ]);
    t.deepEqual(await shape(), [
      [false, 1],
      [true, 2],
      [true, 1],
      [false, 0],
      [true, 2],
    ]);
    t.deepEqual(await space.hit([]), []);
  },

  'windows of one key with different periods are different windows': async (t, { space }) => {
    const [a, b] = await space.hit([
      { key, periodMs: 100 * HOUR, limit: 1 },
      { key, periodMs: 200 * HOUR, limit: 1 },
    ]);
    t.deepEqual([a?.count, b?.count], [1, 1]);
    t.is((await one(space, { key, periodMs: 200 * HOUR, limit: 1 }))?.count, 2);
    t.is((await one(space, { key, periodMs: 100 * HOUR, limit: 1, cost: 0 }))?.count, 1);
  },

  'racing hits of two connections are each counted and never allowed beyond the limit': async (
    t,
    scene,
  ) => {
    const spaces = [scene.space, await scene.other()] as const;
    const window = { key, periodMs: 100 * HOUR, limit: 30, count: 'allowed' } as const;
    const judged = await Promise.all(
      Array.from({ length: 100 }, (_, i) => one(spaces[i % 2 === 0 ? 0 : 1], window)),
    );
    t.is(judged.filter((each) => each?.allowed).length, 30);
    t.is((await one(scene.space, { ...window, cost: 0 }))?.count, 30);
  },

  'at its edge a window begins to slide: the one before counts by the share still in view': async (
    t,
    scene,
  ) => {
    const { space, exactTime, pass } = scene;
    if (!exactTime) {
      t.true(true, 'needs time that moves when told to; the property test bounds real time');
      return;
    }
    const periodMs = 1_000;
    const ask = async () => (await one(space, { key, periodMs, limit: 100, cost: 0 }))?.count;
    await windowEdge(scene, periodMs, periodMs - 1);
    await one(space, { key, periodMs, limit: 100, cost: 10 });
    t.is(await ask(), 10);
    await pass(1);
    t.is(await ask(), 10, 'the whole of it is still in view at the edge');
    await pass(1);
    t.is(await ask(), 9, '9.99, rounded down');
    await pass(499);
    t.is(await ask(), 5);
    await pass(499);
    t.is(await ask(), 0, '0.01, rounded down');
    await pass(1);
    t.is(await ask(), 0);
  },

  'a hit is judged before rounding, and allowed after exactly the time it was told to wait': async (
    t,
    scene,
  ) => {
    const { space, exactTime, pass } = scene;
    if (!exactTime) {
      t.true(true, 'needs time that moves when told to; the property test bounds real time');
      return;
    }
    const window = { key, periodMs: 1_000, limit: 10, count: 'allowed' } as const;
    await windowEdge(scene, 1_000, 0);
    for (let i = 0; i < 10; i += 1) t.true((await one(space, window))?.allowed);
    await pass(1_050);
    // 10 × 0.95 = 9.5 in view: one more would make 10.5.
    const refused = await one(space, window);
    t.deepEqual(refused, { allowed: false, count: 9, retryAfterMs: 50 });
    await pass(49);
    t.false((await one(space, window))?.allowed);
    await pass(1);
    t.deepEqual(await one(space, window), { allowed: true, count: 10, retryAfterMs: 0 });
    t.is((await one(space, window))?.retryAfterMs, 100);
  },
};
