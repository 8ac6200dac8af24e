import type { Lease } from '../ports.ts';
import { commit } from './commits.ts';
import { bytes, type Cases, text } from './subject.ts';

const key = ['p', 'job'] as const;
const LONG = 3_600_000;

/** The lease that the case expects to get. */
function held(lease: Lease | undefined): Lease {
  if (lease === undefined) throw new Error('another holder has the lease');
  return lease;
}

export const leases: Cases = {
  'a lease has one holder, whoever asks and through whichever connection': async (t, scene) => {
    const first = held(await scene.space.lease(key, LONG));
    t.is(await scene.space.lease(key, LONG), undefined);
    t.is(await (await scene.other()).lease(key, LONG), undefined);
    t.deepEqual(first.key, key);
    t.true((await scene.space.lease(['p', 'other'], LONG)) !== undefined);
  },

  'of many who race for a lease one gets it': async (t, scene) => {
    const spaces = [scene.space, await scene.other()] as const;
    const tried = await Promise.all(
      Array.from({ length: 40 }, (_, i) => spaces[i % 2 === 0 ? 0 : 1].lease(key, LONG)),
    );
    t.is(tried.filter((lease) => lease !== undefined).length, 1);
  },

  'a lease ends by itself, is taken over with a larger token, and its old holder can commit no more':
    async (t, scene) => {
      const { space, short, pass } = scene;
      const old = held(await space.lease(key, short));
      t.true((await space.commit({ check: [old.check], count: [{ key, add: 1 }] })).ok);
      await pass(short);
      t.deepEqual(await space.commit({ check: [old.check], count: [{ key, add: 1 }] }), {
        ok: false,
        failed: old.check,
      });
      t.false(await old.renew(), 'it is lost though nobody took it');
      t.is((await space.commit({ check: [old.check] })).ok, false);

      const next = held(await (await scene.other()).lease(key, LONG));
      t.true(next.token > old.token);
      t.false(await old.renew());
      t.false((await space.commit({ check: [old.check], count: [{ key, add: 1 }] })).ok);
      t.true((await space.commit({ check: [next.check], count: [{ key, add: 1 }] })).ok);
      t.deepEqual(await space.counters([key]), [2]);
    },

  'the release of one who lost the lease harms nobody': async (t, { space, short, pass }) => {
    const old = held(await space.lease(key, short));
    await pass(short);
    const next = held(await space.lease(key, LONG));
    await old.release();
    await old.release();
    t.is(await space.lease(key, LONG), undefined);
    t.true(await next.renew());
  },

  'a released lease is free at once, its holder out, and the next token larger': async (
    t,
    { space },
  ) => {
    let token = -1;
    for (let i = 0; i < 10; i += 1) {
      const lease = held(await space.lease(key, LONG));
      t.true(lease.token > token);
      token = lease.token;
      await lease.release();
      await lease.release();
      t.false(await lease.renew());
      t.false((await space.commit({ check: [lease.check] })).ok);
    }
  },

  'tokens grow also after a lease has long ended': async (t, { space, short, pass }) => {
    const first = held(await space.lease(key, 1));
    await pass(short * 3);
    const second = held(await space.lease(key, 1));
    await pass(short * 3);
    const third = held(await space.lease(key, LONG));
    t.true(first.token < second.token);
    t.true(second.token < third.token);
  },

  'a lease that leaves its scope is released': async (t, { space }) => {
    {
      await using lease = await space.lease(key, LONG);
      t.true(lease !== undefined);
    }
    t.true((await space.lease(key, LONG)) !== undefined);
  },

  'renewing lets a lease end its full length from then': async (t, { space, short, pass }) => {
    const half = Math.ceil(short / 2);
    const lease = held(await space.lease(key, short));
    await pass(half);
    t.true(await lease.renew());
    await pass(half);
    t.is(await space.lease(key, LONG), undefined, 'it outlived its first end');
    t.true((await space.commit({ check: [lease.check] })).ok);
    await pass(short);
    t.true((await space.lease(key, LONG)) !== undefined);
  },

  'a lease guards other records of its partition': async (t, { space, short, pass }) => {
    const record = ['p', 'record'] as const;
    const write = (lease: Lease, value: string) =>
      space.commit({
        check: [lease.check],
        put: [{ key: record, value: bytes(value), format: 1 }],
      });
    const paused = held(await space.lease(key, short));
    await pass(short);
    const next = held(await space.lease(key, LONG));
    t.true((await write(next, 'of the next')).ok);
    t.false((await write(paused, 'of one who slept')).ok);
    t.is(text((await space.get([record]))[0]?.value), 'of the next');
    await commit(space, { check: [next.check], delete: [record] });
  },
};
