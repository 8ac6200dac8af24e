import { setTimeout as delay } from 'node:timers/promises';
import {
  createKeyRings,
  MasterKey,
  MasterKeyMismatchError,
  PURPOSES,
  type PurposeName,
  RingAccessError,
  RingConflictError,
  RingDamagedError,
  RingMissingError,
  type ServiceName,
  UnknownKeyError,
} from '@sallyport/pki';
import { ManualClock } from '@sallyport/runtime';
import test from 'ava';
import { reveal } from './forge.ts';
import { type MemoryRings, memoryRings } from './memory-rings.ts';

const masterKey = new MasterKey(Buffer.alloc(32, 7));
const HOUR = 3_600_000;

function world(store: MemoryRings = memoryRings(), key = masterKey) {
  const clock = new ManualClock();
  const as = (service: ServiceName, more = {}) =>
    createKeyRings({ store, clock }, { service, masterKey: key, ...more });
  return { clock, store, as };
}
const SERVICES = ['actions', 'auth', 'certs', 'control', 'edge', 'sessions'] as const;
const NAMES = Object.keys(PURPOSES) as PurposeName[];
const open = (rings: ReturnType<typeof createKeyRings>, name: PurposeName) =>
  'sealers' in PURPOSES[name]
    ? rings.openReader(name as 'messages-auth')
    : rings.openRing(name as 'sessions');

/** Who may read what, written down a second time: a slip of the pen in PURPOSES must not pass. */
const READERS: Record<PurposeName, ServiceName[]> = {
  'leaf-keys': ['certs', 'edge'],
  'acme-accounts': ['certs'],
  'internal-ca': ['certs'],
  credentials: ['control', 'edge'],
  sessions: ['edge', 'sessions'],
  tickets: ['edge', 'sessions'],
  'messages-actions': ['actions'],
  'messages-auth': ['auth'],
  'messages-certs': ['certs'],
  'messages-edge': ['edge'],
  'messages-sessions': ['sessions'],
};

for (const name of NAMES) {
  test(`the ring '${name}' opens for ${READERS[name].join(' and ')} and for nobody else`, async (t) => {
    const { as } = world();
    await open(as(PURPOSES[name].owner), name);
    for (const service of SERVICES) {
      if (READERS[name].includes(service)) await t.notThrowsAsync(open(as(service), name));
      else await t.throwsAsync(open(as(service), name), { instanceOf: RingAccessError }, service);
    }
  });

  test(`only the owner of '${name}' may rotate, retire and rewrap it`, async (t) => {
    const { as } = world();
    const refused = { instanceOf: RingAccessError };
    for (const service of SERVICES) {
      const rings = as(service);
      if (service === PURPOSES[name].owner) {
        await t.notThrowsAsync(rings.rotate(name));
        continue;
      }
      await t.throwsAsync(rings.rotate(name), refused);
      await t.throwsAsync(rings.retire(name, { olderThanMs: 0 }), refused);
      await t.throwsAsync(rings.rewrap(name), refused);
    }
  });
}

test('a sealer is given to those on the list only', async (t) => {
  const { as } = world();
  await as('auth').openReader('messages-auth');
  await t.notThrowsAsync(as('edge').openSealer('messages-auth'));
  for (const service of ['actions', 'certs', 'control', 'sessions'] as const) {
    await t.throwsAsync(as(service).openSealer('messages-auth'), { instanceOf: RingAccessError });
  }
});

test('a reader waits for the owner to make the ring', async (t) => {
  const { as } = world();
  const error = await t.throwsAsync(as('edge').openRing('sessions'), {
    instanceOf: RingMissingError,
  });
  t.regex(error?.message ?? '', /'sessions' must be made by service sessions/);
  await t.throwsAsync(as('edge').openSealer('messages-auth'), { instanceOf: RingMissingError });
  await as('sessions').openRing('sessions');
  await t.notThrowsAsync(as('edge').openRing('sessions'));
});

test('owners that start at once agree on one ring', async (t) => {
  const { as } = world();
  const rings = await Promise.all(
    Array.from({ length: 5 }, () => as('sessions').openRing('sessions')),
  );
  const sealed = rings[0]?.seal(Buffer.from('x'), 'a') ?? Buffer.alloc(0);
  for (const ring of rings) t.deepEqual(ring.open(sealed, 'a'), Buffer.from('x'));
});

test('an owner that is overtaken while it makes the ring takes the other’s', async (t) => {
  const { as, store } = world();
  let first: Buffer | undefined;
  store.beforeSave = async () => {
    first = (await as('certs').openRing('leaf-keys')).seal(Buffer.from('x'), 'a');
  };
  const ring = await as('certs').openRing('leaf-keys');
  t.deepEqual(ring.open(first ?? Buffer.alloc(0), 'a'), Buffer.from('x'));
});

test('a ring that is restarted opens what was sealed before', async (t) => {
  const { as } = world();
  const sealed = (await as('certs').openRing('leaf-keys')).seal(Buffer.from('x'), 'a');
  t.deepEqual((await as('certs').openRing('leaf-keys')).open(sealed, 'a'), Buffer.from('x'));
});

test('after a rotation the new key seals, and both open', async (t) => {
  const { as, clock } = world();
  const ring = await as('sessions').openRing('sessions');
  const before = ring.seal(Buffer.from('old'), 'a');
  await clock.advance(HOUR);
  const keys = await as('sessions').rotate('sessions');
  t.deepEqual(
    keys.map(({ kid, state }) => [kid, state]),
    [
      [1, 'fallback'],
      [2, 'active'],
    ],
  );
  t.is((keys[1]?.created ?? 0) - (keys[0]?.created ?? 0), HOUR);
  t.true(await ring.reload());
  t.is(ring.active, 2);
  t.is(ring.revision, 2);
  t.deepEqual(ring.keys, keys);
  const after = ring.seal(Buffer.from('new'), 'a');
  t.deepEqual(ring.open(before, 'a'), Buffer.from('old'));
  t.deepEqual(ring.open(after, 'a'), Buffer.from('new'));
  t.false(await ring.reload(), 'nothing changed since');
});

test('two rotations at once give two keys, and none gets lost', async (t) => {
  const { as, store } = world();
  const certs = as('certs');
  await certs.openRing('leaf-keys');
  store.beforeSave = async () => {
    await as('certs').rotate('leaf-keys');
  };
  await certs.rotate('leaf-keys');
  t.deepEqual(
    (await certs.list('leaf-keys')).map(({ kid, state }) => [kid, state]),
    [
      [1, 'fallback'],
      [2, 'fallback'],
      [3, 'active'],
    ],
  );
});

test('a change that is overtaken again and again gives up', async (t) => {
  const { as, store } = world();
  const certs = as('certs');
  await certs.openRing('leaf-keys');
  const overtake = async () => {
    await as('certs').rotate('leaf-keys');
    store.beforeSave = overtake;
  };
  store.beforeSave = overtake;
  await t.throwsAsync(certs.rotate('leaf-keys'), { instanceOf: RingConflictError });
});

test('a retired key is gone, its id never comes back, and what it sealed is lost', async (t) => {
  const { as, clock, store } = world();
  const certs = as('certs');
  const ring = await certs.openRing('leaf-keys');
  const sealed = ring.seal(Buffer.from('x'), 'a');
  await clock.advance(HOUR);
  await certs.rotate('leaf-keys');
  await clock.advance(HOUR);
  const states = async (olderThanMs: number) =>
    (await certs.retire('leaf-keys', { olderThanMs })).map(({ kid, state }) => [kid, state]);
  t.deepEqual(
    await states(HOUR),
    [
      [1, 'fallback'],
      [2, 'active'],
    ],
    'replaced just then',
  );
  await clock.advance(1);
  t.deepEqual(await states(HOUR), [
    [1, 'retired'],
    [2, 'active'],
  ]);
  t.is(reveal(store, masterKey, 'leaf-keys').keys[0]?.material, undefined);
  await ring.reload();
  t.throws(() => ring.open(sealed, 'a'), { instanceOf: UnknownKeyError });
  t.throws(() => ring.derive(1, 'a'), { instanceOf: UnknownKeyError });
  await certs.rotate('leaf-keys');
  t.deepEqual(
    (await certs.list('leaf-keys')).map(({ kid }) => kid),
    [1, 2, 3],
  );
});

test('the active key is never retired', async (t) => {
  const { as, clock } = world();
  const certs = as('certs');
  await certs.openRing('leaf-keys');
  await clock.advance(HOUR);
  t.is((await certs.retire('leaf-keys', { olderThanMs: 0 }))[0]?.state, 'active');
  await t.throwsAsync(as('auth').retire('messages-auth', { olderThanMs: 0 }), {
    instanceOf: RingMissingError,
  });
});

test('refresh reads at most once a second, however many ask for unknown keys', async (t) => {
  const { as, clock, store } = world();
  const ring = await as('certs').openRing('leaf-keys');
  await as('certs').rotate('leaf-keys');
  const before = store.loads;
  t.false(await ring.refresh());
  t.is(store.loads, before);
  await clock.advance(1000);
  t.deepEqual(await Promise.all([ring.refresh(), ring.refresh(), ring.refresh()]), [
    true,
    true,
    true,
  ]);
  t.is(store.loads, before + 1);
  for (let i = 0; i < 100; i += 1) t.false(await ring.refresh());
  t.is(store.loads, before + 1);
});

test('a caller that gives up doesn’t take the read from the others', async (t) => {
  const { as, store } = world();
  const ring = await as('certs').openRing('leaf-keys');
  await as('certs').rotate('leaf-keys');
  const { promise, resolve } = Promise.withResolvers<void>();
  const load = store.load;
  store.load = async (...args) => {
    await promise;
    return await load(...args);
  };
  const controller = new AbortController();
  const impatient = ring.reload(controller.signal);
  const patient = ring.reload();
  controller.abort(new Error('enough'));
  await t.throwsAsync(impatient, { message: 'enough' });
  resolve();
  t.true(await patient);
  await t.throwsAsync(ring.reload(AbortSignal.abort(new Error('late'))), { message: 'late' });
  await delay(0);
});

test('an old copy of the ring put back into the store is noticed', async (t) => {
  const { as, store } = world();
  const ring = await as('certs').openRing('leaf-keys');
  const old = store.records.get('leaf-keys/ring');
  await as('certs').rotate('leaf-keys');
  await ring.reload();
  if (old !== undefined) store.records.set('leaf-keys/ring', old);
  await t.throwsAsync(ring.reload(), {
    instanceOf: RingDamagedError,
    message: /revision 1, was 2/,
  });
  t.is(ring.active, 2);
});

test('with another master key the ring says which key it needs', async (t) => {
  const { as, store } = world();
  await as('certs').openRing('leaf-keys');
  const other = new MasterKey(Buffer.alloc(32, 8));
  const error = await t.throwsAsync(world(store, other).as('certs').openRing('leaf-keys'), {
    instanceOf: MasterKeyMismatchError,
    code: 'SP_ERR_PKI_MASTER_KEY_MISMATCH',
  });
  t.true(error?.message.includes(masterKey.id) && error.message.includes(other.id));
});

test('a record that was changed, cut off, moved to another purpose or part, or of a newer format is refused', async (t) => {
  const { as, store } = world();
  const certs = as('certs');
  await certs.openRing('leaf-keys');
  await as('auth').openReader('messages-auth');
  const good = store.records.get('leaf-keys/ring');
  const secret = store.records.get('messages-auth/ring');
  if (good === undefined || secret === undefined) return t.fail();
  const damaged = { instanceOf: RingDamagedError };
  for (let bit = 64; bit < good.bytes.length * 8; bit += 7) {
    const bytes = Uint8Array.from(good.bytes);
    bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
    store.records.set('leaf-keys/ring', { ...good, bytes });
    await t.throwsAsync(certs.openRing('leaf-keys'), damaged);
  }
  for (const length of [8, 9, 60, good.bytes.length - 1]) {
    store.records.set('leaf-keys/ring', { ...good, bytes: good.bytes.slice(0, length) });
    await t.throwsAsync(certs.openRing('leaf-keys'), damaged);
  }
  store.records.set('leaf-keys/ring', { ...good, format: 2 });
  await t.throwsAsync(certs.openRing('leaf-keys'), { ...damaged, message: /format 2/ });
  store.records.set('acme-accounts/ring', good);
  await t.throwsAsync(certs.openRing('acme-accounts'), damaged);
  store.records.set('messages-auth/public', secret);
  await t.throwsAsync(as('edge').openSealer('messages-auth'), damaged);
});

test('a public key put in the place of the reader’s is refused', async (t) => {
  const { as, store } = world();
  await as('auth').openReader('messages-auth');
  const attacker = world(memoryRings(), new MasterKey(Buffer.alloc(32, 66)));
  await attacker.as('auth').openReader('messages-auth');
  const planted = attacker.store.records.get('messages-auth/public');
  if (planted === undefined) return t.fail();
  store.records.set('messages-auth/public', planted);
  await t.throwsAsync(as('edge').openSealer('messages-auth'), {
    instanceOf: MasterKeyMismatchError,
  });
});

test('the store never sees a key', async (t) => {
  const { as, store } = world();
  await as('auth').openReader('messages-auth');
  const { keys } = reveal(store, masterKey, 'messages-auth');
  const material = keys[0]?.material ?? '';
  t.is(Buffer.from(material, 'base64url').length, 32);
  for (const [name, { bytes }] of store.records) {
    t.false(Buffer.from(bytes).includes(material), name);
    t.false(Buffer.from(bytes).includes(Buffer.from(material, 'base64url')), name);
    t.false(Buffer.from(bytes).includes('active'), name);
  }
});

test('a new master key takes over ring by ring while everybody goes on', async (t) => {
  const { as, store } = world();
  const ring = await as('certs').openRing('leaf-keys');
  const sealed = ring.seal(Buffer.from('x'), 'a');
  await as('auth').openReader('messages-auth');

  const next = new MasterKey(Buffer.alloc(32, 8));
  const both = { earlierMasterKeys: [masterKey] };
  const { as: later } = world(store, next);
  t.deepEqual(
    (await later('certs', both).openRing('leaf-keys')).open(sealed, 'a'),
    Buffer.from('x'),
  );
  t.true(await later('certs', both).rewrap('leaf-keys'));
  t.false(await later('certs', both).rewrap('leaf-keys'), 'done already');
  t.false(await later('certs', both).rewrap('internal-ca'), 'nothing there');
  t.true(await later('auth', both).rewrap('messages-auth'));

  t.deepEqual((await later('certs').openRing('leaf-keys')).open(sealed, 'a'), Buffer.from('x'));
  await t.notThrowsAsync(later('edge').openSealer('messages-auth'));
  await t.throwsAsync(as('certs').openRing('leaf-keys'), { instanceOf: MasterKeyMismatchError });
});

test('an aborted call rejects with the signal’s reason', async (t) => {
  const { as } = world();
  const signal = AbortSignal.abort(new Error('no time'));
  await t.throwsAsync(as('certs').openRing('leaf-keys', signal), { message: 'no time' });
  await t.throwsAsync(as('certs').rotate('leaf-keys', signal), { message: 'no time' });
});
