import { commit } from './commits.ts';
import { bytes, type Cases, text } from './subject.ts';

const key = ['p', 'a'] as const;

export const expiry: Cases = {
  'an entry ends with its time to live, and is absent for reads and checks from then on': async (
    t,
    { space, short, exactTime, pass },
  ) => {
    const { version } = await commit(space, {
      put: [{ key, value: bytes('v'), format: 1, ttlMs: short }],
    });
    if (exactTime) await pass(short - 1);
    t.is(text((await space.get([key]))[0]?.value), 'v');
    await pass(exactTime ? 1 : short);
    t.deepEqual(await space.get([key]), [undefined]);
    t.deepEqual(await space.commit({ check: [{ key, version }] }), {
      ok: false,
      failed: { key, version },
    });
    t.true((await space.commit({ check: [{ key, version: undefined }] })).ok);
  },

  'a put replaces the time to live of the put before it': async (t, { space, short, pass }) => {
    await commit(space, { put: [{ key, value: bytes('1'), format: 1, ttlMs: short }] });
    await commit(space, { put: [{ key, value: bytes('2'), format: 1, ttlMs: short * 100 }] });
    await pass(short);
    t.is(text((await space.get([key]))[0]?.value), '2');
    await commit(space, { put: [{ key, value: bytes('3'), format: 1, ttlMs: short }] });
    await pass(short);
    t.deepEqual(await space.get([key]), [undefined]);
  },

  'a put without a time to live stays, even over one that had it': async (
    t,
    { space, short, pass },
  ) => {
    await commit(space, { put: [{ key, value: bytes('1'), format: 1, ttlMs: short }] });
    await commit(space, { put: [{ key, value: bytes('2'), format: 1 }] });
    await pass(short * 2);
    t.is(text((await space.get([key]))[0]?.value), '2');
  },

  'a key that was deleted and made again has nothing of its old time to live': async (
    t,
    { space, short, pass },
  ) => {
    await commit(space, { put: [{ key, value: bytes('1'), format: 1, ttlMs: short }] });
    await commit(space, { delete: [key] });
    await commit(space, { put: [{ key, value: bytes('2'), format: 1 }] });
    await pass(short * 2);
    t.is(text((await space.get([key]))[0]?.value), '2');
  },

  'a key that ended can be made again, under a version of its own': async (
    t,
    { space, short, pass },
  ) => {
    const put = { key, value: bytes('1'), format: 1, ttlMs: short };
    const first = await commit(space, { put: [put] });
    await pass(short);
    const second = await commit(space, {
      check: [{ key, version: undefined }],
      put: [{ key, value: bytes('1'), format: 1 }],
    });
    t.false(first.version === second.version);
    t.is((await space.get([key]))[0]?.version, second.version);
  },

  'the time of the store goes forward, in milliseconds since 1970': async (t, { store, pass }) => {
    const before = await store.now();
    await pass(5);
    const after = await store.now();
    t.true(Number.isInteger(before));
    t.true(before > Date.UTC(2020, 0, 1));
    t.true(after >= before + 5);
  },
};
