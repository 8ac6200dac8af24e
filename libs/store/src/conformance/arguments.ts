import type { Changes, Key, Space, Version, Window } from '../ports.ts';
import { bytes, type Cases } from './subject.ts';

const put = (key: Key) => ({ key, value: bytes(''), format: 1 });
const BAD_KEYS = [
  [],
  ['p'],
  ['p', ''],
  ['', 'a'],
  ['p', '\ud800'],
  ['\udc00p', 'a'],
  ['p', 'x'.repeat(512)],
  ['é'.repeat(200), 'é'.repeat(57)],
  ['p', 7],
] as unknown as Key[];

const BAD_CHANGES: readonly (readonly [string, Changes])[] = [
  ['no key', {}],
  ['id', { id: '', delete: [['p', 'a']] }],
  ['format 0', { put: [{ ...put(['p', 'a']), format: 0 }] }],
  ['format 65536', { put: [{ ...put(['p', 'a']), format: 65_536 }] }],
  ['ttl 0', { put: [{ ...put(['p', 'a']), ttlMs: 0 }] }],
  ['ttl 1.5', { put: [{ ...put(['p', 'a']), ttlMs: 1.5 }] }],
  ['ttl NaN', { count: [{ key: ['p', 'a'], add: 1, ttlMs: Number.NaN }] }],
  ['text', { put: [{ ...put(['p', 'a']), value: 'x' as unknown as Uint8Array }] }],
  ['twice', { put: [put(['p', 'a']), put(['p', 'a'])] }],
  ['put, delete', { put: [put(['p', 'a'])], delete: [['p', 'a']] }],
  ['score', { index: [{ index: ['p', 'i'], add: 'a', score: Number.NaN }] }],
  ['score ∞', { index: [{ index: ['p', 'i'], add: 'a', score: Number.POSITIVE_INFINITY }] }],
  ['member', { index: [{ index: ['p', 'i'], add: '', score: 1 }] }],
  ['surrogate', { index: [{ index: ['p', 'i'], remove: '\ud800' }] }],
  [
    'add, remove',
    {
      index: [
        { index: ['p', 'i'], add: 'a', score: 1 },
        { index: ['p', 'i'], remove: 'a' },
      ],
    },
  ],
  ['add 1.5', { count: [{ key: ['p', 'n'], add: 1.5 }] }],
  ['add 2^53', { count: [{ key: ['p', 'n'], add: 2 ** 53 }] }],
  ['message id', { partition: 'p', outbox: [{ id: '', subject: 's', body: bytes('') }] }],
  ['subject', { partition: 'p', outbox: [{ id: 'i', subject: '', body: bytes('') }] }],
  ['too many', { delete: Array.from({ length: 1_001 }, (_, i): Key => ['p', String(i)]) }],
];

const BAD_WINDOWS: readonly Window[] = [
  { key: ['p', 'w'], periodMs: 0, limit: 1 },
  { key: ['p', 'w'], periodMs: 1.5, limit: 1 },
  { key: ['p', 'w'], periodMs: 1_000, limit: -1 },
  { key: ['p', 'w'], periodMs: 1_000, limit: Number.NaN },
  { key: ['p', 'w'], periodMs: 1_000, limit: 1, cost: -1 },
  { key: ['p', 'w'], periodMs: 1_000, limit: 1, cost: 0.5 },
  { key: ['p', 'w'], periodMs: 1_000, limit: 1, count: 'never' as 'always' },
  { key: ['p', ''], periodMs: 1_000, limit: 1 },
];

/** Every verb that takes a signal. */
const VERBS: Readonly<Record<string, (space: Space, signal: AbortSignal) => Promise<unknown>>> = {
  get: (space, signal) => space.get([['p', 'a']], signal),
  counters: (space, signal) => space.counters([['p', 'a']], signal),
  commit: (space, signal) => space.commit({ count: [{ key: ['p', 'a'], add: 1 }] }, signal),
  range: (space, signal) => space.range(['p', 'a'], {}, signal),
  hit: (space, signal) =>
    space.hit([{ key: ['p', 'a'], periodMs: 3_600_000_000, limit: 5 }], signal),
  lease: (space, signal) => space.lease(['p', 'a'], 60_000, signal),
  claim: (space, signal) => space.outbox.claim({ limit: 1, claimMs: 60_000 }, signal),
};

export const arguments_: Cases = {
  'keys that break the rules are refused by every verb': async (t, { space }) => {
    const code = 'SP_ERR_STORE_ARGUMENT';
    for (const key of BAD_KEYS) {
      const shown = JSON.stringify(key).slice(0, 40);
      for (const work of [
        () => space.get([key]),
        () => space.counters([['p', 'a'], key]),
        () => space.commit({ put: [put(key)] }),
        () => space.commit({ delete: [key] }),
        () => space.commit({ check: [{ key, version: undefined }] }),
        () => space.commit({ check: [{ lease: key, token: 1 }] }),
        () => space.commit({ count: [{ key, add: 1 }] }),
        () => space.commit({ index: [{ index: key, remove: 'a' }] }),
        () => space.range(key),
        () => space.hit([{ key, periodMs: 1_000, limit: 1 }]),
        () => space.lease(key, 1_000),
      ]) {
        await t.throwsAsync(work, { code }, shown);
      }
    }
  },

  'a commit over two partitions is refused, whichever of its parts names the second': async (
    t,
    { space },
  ) => {
    const other = ['q', 'a'] as const;
    for (const changes of [
      { put: [put(other)] },
      { delete: [other] },
      { check: [{ key: other, version: undefined }] },
      { check: [{ lease: other, token: 1 }] },
      { index: [{ index: other, add: 'a', score: 1 }] },
      { count: [{ key: other, add: 1 }] },
      { partition: 'q' },
    ] satisfies Changes[]) {
      await t.throwsAsync(
        () => space.commit({ ...changes, put: [put(['p', 'b']), ...(changes.put ?? [])] }),
        { code: 'SP_ERR_STORE_PARTITION' },
      );
    }
    t.deepEqual(await space.get([['p', 'b'], other]), [undefined, undefined]);
  },

  'commits that break a rule are refused whole': async (t, { space }) => {
    for (const [what, changes] of BAD_CHANGES) {
      await t.throwsAsync(
        () =>
          space.commit(
            what === 'no key'
              ? changes
              : { ...changes, check: [{ key: ['p', 'x'], version: undefined }] },
          ),
        { code: 'SP_ERR_STORE_ARGUMENT' },
        what,
      );
    }
    t.deepEqual(await space.get([['p', 'a']]), [undefined]);
    t.deepEqual(
      await space.counters([
        ['p', 'a'],
        ['p', 'n'],
      ]),
      [0, 0],
    );
    t.deepEqual(await space.range(['p', 'i']), []);
  },

  'ranges, windows, leases and claims that break a rule are refused': async (
    t,
    { store, space },
  ) => {
    const code = 'SP_ERR_STORE_ARGUMENT';
    const index = ['p', 'i'] as const;
    for (const query of [
      { limit: 0 },
      { limit: 10_001 },
      { limit: 1.5 },
      { min: Number.NaN },
      { max: Number.POSITIVE_INFINITY },
      { after: { member: '', score: 1 } },
      { after: { member: 'a', score: Number.NaN } },
    ]) {
      await t.throwsAsync(() => space.range(index, query), { code }, JSON.stringify(query));
    }
    for (const window of BAD_WINDOWS) {
      await t.throwsAsync(() => space.hit([window]), { code }, JSON.stringify(window));
    }
    const window = { key: index, periodMs: 1_000, limit: 1 };
    await t.throwsAsync(() => space.hit([window, { ...window, limit: 2 }]), { code });
    for (const ttlMs of [0, -1, 1.5, Number.NaN]) {
      await t.throwsAsync(() => space.lease(index, ttlMs), { code });
    }
    for (const options of [
      { limit: 0, claimMs: 1 },
      { limit: 1_001, claimMs: 1 },
      { limit: 1, claimMs: 0 },
    ]) {
      await t.throwsAsync(() => space.outbox.claim(options), { code });
    }
    await t.throwsAsync(() => space.get(Array(1_001).fill(['p', 'a'])), { code });
    for (const name of ['', 'A', 'a b', 'a:b', '-a', 'x'.repeat(33)]) {
      await t.throwsAsync(async () => store.space(name), { code }, name);
    }
    await space.commit({ partition: 'p', outbox: [{ id: '1', subject: 's', body: bytes('') }] });
    const claim = await space.outbox.claim({ limit: 1, claimMs: 60_000 });
    for (const delivered of [-1, 2, 0.5]) {
      await t.throwsAsync(async () => claim?.end(delivered), { code });
    }
    t.true(await claim?.end(1));
  },

  'a signal that has aborted stops every verb before anything is done': async (t, { space }) => {
    const reason = Object.assign(new Error('enough'), { code: 'ENOUGH' });
    for (const [verb, work] of Object.entries(VERBS)) {
      await t.throwsAsync(() => work(space, AbortSignal.abort(reason)), { code: 'ENOUGH' }, verb);
    }
    t.deepEqual(await space.counters([['p', 'a']]), [0]);
    t.true((await space.lease(['p', 'a'], 60_000)) !== undefined, 'nobody took the lease');
    const window = { key: ['p', 'a'], periodMs: 3_600_000_000, limit: 5, cost: 0 } as const;
    t.is((await space.hit([window]))[0]?.count, 0);
  },

  'a signal that aborts while a verb is under way ends the wait with its reason': async (
    t,
    { space },
  ) => {
    const reason = Object.assign(new Error('enough'), { code: 'ENOUGH' });
    for (const [verb, work] of Object.entries(VERBS)) {
      const controller = new AbortController();
      await t.throwsAsync(
        () => {
          const promise = work(space, controller.signal);
          controller.abort(reason);
          return promise;
        },
        { code: 'ENOUGH' },
        verb,
      );
    }
    await space.get([['p', 'a']]);
    t.true(((await space.counters([['p', 'a']]))[0] ?? 2) <= 1, 'done once or not at all');
  },

  'a store that is disposed answers nothing more': async (t, { subject }) => {
    const { store } = subject;
    const space = store.space('closed');
    const signal = new AbortController().signal;
    const last = space.commit({
      put: [put(['p', 'a'])],
      check: [{ key: ['p', 'b'], version: 'x' as Version }],
    });
    const ended = store[Symbol.asyncDispose]();
    await t.throwsAsync(() => space.get([['p', 'a']]), { code: 'SP_ERR_STORE_CLOSED' });
    await ended;
    t.false((await last).ok, 'what was asked before is answered');
    for (const [verb, work] of Object.entries(VERBS)) {
      await t.throwsAsync(() => work(space, signal), { code: 'SP_ERR_STORE_CLOSED' }, verb);
    }
    await t.throwsAsync(() => store.now(), { code: 'SP_ERR_STORE_CLOSED' });
    await store[Symbol.asyncDispose]();
  },
};
