import { randomUUID } from 'node:crypto';
import {
  sessionCreated,
  sessionRenewed,
  sessionRevoked,
  sessionsCreate,
} from '@sallyport/contracts';
import {
  decodeEpoch,
  decodeRecord,
  sessionStands,
  storeKeys,
  subjectTags,
} from '@sallyport/session';
import test from 'ava';
import { until } from '../world/until.ts';
import { AUDIENCE, startAll, startSessions } from './sessions-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test.serial(
  'A new session has its record, index and event when the answer comes, and its secret only in the cookie.',
  async (t) => {
    await using all = await startAll();
    const { edge, space, clock } = all;
    const client = { address: '192.0.2.7', port: 4711 };
    const told = await edge.create({
      consumer: 'c1',
      credential: 'k1',
      groups: ['a', 'b'],
      client,
    });
    const { id, sid, tag, record } = edge.look(told.cookie);
    t.is(id, told.session);
    t.is(record, undefined, 'with server storage the cookie is a reference');
    const [entry] = await space.get([storeKeys.record(id)]);
    const now = clock.now();
    t.deepEqual(decodeRecord(entry?.value as Uint8Array), {
      ...{ audience: AUDIENCE, subject: 'alice', consumer: 'c1', credential: 'k1' },
      ...{ groups: ['a', 'b'], client, created: now, rolled: now, seen: now, generation: 0 },
      ...{ epoch: 0, kid: 1, remember: false, ends: now + 24 * HOUR },
    });
    t.false(Buffer.from(entry?.value as Uint8Array).includes(sid.toString('base64url')));
    t.deepEqual(await space.range(storeKeys.index(tag)), [{ member: id, score: now + HOUR }]);
    t.is(told.expires, new Date(now + HOUR).toISOString());
    const events: unknown[] = [];
    await using _ = await edge.bus.events.subscribe(sessionCreated, { from: 'all' }, (event) => {
      events.push(event.data);
    });
    await until(() => events.length > 0, 'the event');
    const data = { session: id, audience: AUDIENCE, subject: 'alice', expires: told.expires };
    t.deepEqual(events, [{ ...data, consumer: 'c1', credential: 'k1', client }]);
  },
);

test.serial(
  'With cookie storage the cookie has the session in it, but not who logged in from where.',
  async (t) => {
    await using all = await startAll({ storage: 'cookie' });
    const { edge } = all;
    const told = await edge.create({ groups: ['a'], client: { address: '192.0.2.7' } });
    const { record, id } = edge.look(told.cookie, 'cookie');
    t.is(id, told.session);
    t.deepEqual(record?.groups, ['a']);
    t.is(record?.client, undefined);
    t.is((await edge.list('alice'))[0]?.client?.address, '192.0.2.7');
  },
);

test.serial(
  'The same idempotency key gets the same session, also side by side, and another key another.',
  async (t) => {
    await using all = await startAll();
    const { edge } = all;
    const key = randomUUID();
    const told = await Promise.all(Array.from({ length: 8 }, () => edge.create({}, key)));
    told.push(await edge.create({}, key));
    const sids = new Set(told.map(({ cookie }) => edge.look(cookie).sid.toString('hex')));
    t.is(sids.size, 1);
    t.is(new Set(told.map(({ session }) => session)).size, 1);
    t.is((await edge.list('alice')).length, 1);
    t.not((await edge.create({})).session, told[0]?.session);
  },
);

test.serial(
  'A repeat doesn’t bring a session back that has ended since, nor does it make another.',
  async (t) => {
    await using all = await startAll();
    const { edge } = all;
    const [one, two] = [randomUUID(), randomUUID()];
    const { session } = await edge.create({}, one);
    await edge.create({}, two);
    t.is(await edge.revoke({ session }), 1);
    t.is(await edge.revoke({ subject: 'alice' }), 1);
    for (const key of [one, two]) {
      const error = await t.throwsAsync(edge.create({}, key));
      t.like(error, { remoteCode: 'SP_ERR_SESSIONS_ENDED' });
    }
    t.deepEqual(await edge.list('alice'), []);
  },
);

test.serial(
  'A request without an idempotency key, or for a storage that isn’t one, is refused with its code.',
  async (t) => {
    await using all = await startAll();
    const { edge } = all;
    const asked = { audience: AUDIENCE, subject: 'alice' };
    const refused = { remoteCode: 'SP_ERR_SESSIONS_REQUEST' };
    t.like(await t.throwsAsync(edge.bus.rpc.request(sessionsCreate, asked)), refused);
    t.like(await t.throwsAsync(edge.create({ policy: { storage: 'redis' } })), refused);
    const groups = Array.from({ length: 100 }, (_, i) => `group-${i}-${'x'.repeat(200)}`);
    const big = await t.throwsAsync(edge.create({ groups, policy: { storage: 'cookie' } }));
    t.like(big, { remoteCode: 'SP_ERR_SESSION_TOO_LARGE' });
    t.deepEqual(await edge.list('alice'), []);
    t.truthy(await edge.create({ groups }));
  },
);

test.serial('The request’s policy goes before the configuration, within the limits.', async (t) => {
  await using all = await startAll({ limits: { absolute: '2h', rolling: '90m', idle: '1h' } });
  const { edge, clock, space } = all;
  const expires = async (policy: Record<string, unknown>) => {
    const told = await edge.create({ policy });
    const name = String(policy['name'] ?? 'session');
    const { id, record } = edge.look(
      told.cookie,
      policy['storage'] === 'cookie' ? 'cookie' : 'server',
      name,
    );
    const [entry] = await space.get([storeKeys.record(id)]);
    const stored = decodeRecord(entry?.value as Uint8Array);
    t.is(record === undefined, policy['storage'] !== 'cookie');
    return [Date.parse(told.expires) - clock.now(), (stored.ends ?? 0) - clock.now()];
  };
  t.deepEqual(await expires({}), [HOUR, 2 * HOUR]);
  t.deepEqual(await expires({ rollingMs: 10_000, storage: 'cookie', name: 'mine' }), [
    10_000,
    2 * HOUR,
  ]);
  t.deepEqual(await expires({ rollingMs: 0, absoluteMs: 0 }), [90 * MINUTE, 2 * HOUR]);
  t.deepEqual(await expires({ rollingMs: 5 * HOUR, absoluteMs: HOUR }), [HOUR, HOUR]);
});

for (const storage of ['server', 'cookie'] as const) {
  test.serial(
    `${storage} storage: a session due for renewal goes on under one new id, whoever asks and how often.`,
    async (t) => {
      await using all = await startAll({ storage });
      const { edge, clock } = all;
      const told = await edge.create({});
      clock.advance(50 * MINUTE);
      // It would have been idle; the limit of this route is another.
      const policy = { idleMs: 0 };
      const renewed = await Promise.all(
        Array.from({ length: 8 }, () => edge.renew(told.cookie, { policy })),
      );
      clock.advance(9_000);
      renewed.push(await edge.renew(told.cookie, { policy }));
      const ids = new Set(renewed.map((each) => ('session' in each ? each.session : each.reason)));
      t.is(ids.size, 1);
      const [first] = renewed;
      if (first?.outcome !== 'renewed') return t.fail();
      t.not(first.session, told.session);
      t.is(edge.look(first.cookie, storage).id, first.session);
      t.is(Date.parse(first.expires), clock.now() - 9_000 + HOUR);
      t.deepEqual(
        (await edge.list('alice')).map(({ session }) => session),
        [first.session],
      );
      const events: unknown[] = [];
      await using _ = await edge.bus.events.subscribe(sessionRenewed, { from: 'all' }, (event) => {
        events.push(event.data);
      });
      await until(() => events.length > 0, 'the event');
      t.is(events.length, 1);
      t.like(events[0], { session: told.session, successor: first.session });
    },
  );

  test.serial(
    `${storage} storage: a renewed cookie that comes back after its grace is refused and ends its successor.`,
    async (t) => {
      await using all = await startAll({ storage });
      const { edge, clock } = all;
      const told = await edge.create({});
      clock.advance(50 * MINUTE);
      const policy = { idleMs: 0 };
      const renewed = await edge.renew(told.cookie, { policy });
      if (renewed.outcome !== 'renewed') return t.fail();
      clock.advance(10_000);
      t.deepEqual(await edge.renew(told.cookie, { policy }), {
        outcome: 'refused',
        reason: 'reused',
      });
      t.deepEqual(await edge.renew(renewed.cookie, { policy }), {
        outcome: 'refused',
        reason: 'revoked',
      });
      t.deepEqual(await edge.list('alice'), []);
    },
  );

  test.serial(
    `${storage} storage: a logout with either cookie of a renewal ends both.`,
    async (t) => {
      await using all = await startAll({ storage });
      const { edge, clock } = all;
      const policy = { idleMs: 0 };
      for (const which of ['old', 'new'] as const) {
        const told = await edge.create({});
        clock.advance(50 * MINUTE);
        const renewed = await edge.renew(told.cookie, { policy });
        if (renewed.outcome !== 'renewed') return t.fail();
        t.is(await edge.revoke({ session: which === 'old' ? told.session : renewed.session }), 1);
        t.is(await edge.revoke({ session: renewed.session }), 0, 'it has ended');
        for (const cookie of [told.cookie, renewed.cookie]) {
          t.deepEqual(await edge.renew(cookie, { policy }), {
            outcome: 'refused',
            reason: 'revoked',
          });
        }
      }
      t.deepEqual(await edge.list('alice'), []);
    },
  );

  test.serial(
    `${storage} storage: all sessions of a subject end but the one excepted, which goes on and can be renewed.`,
    async (t) => {
      await using all = await startAll({ storage });
      const { edge, clock, space } = all;
      const policy = { idleMs: 0 };
      const gone = await edge.create({});
      t.is(await edge.revoke({ subject: 'alice' }), 1);
      const told = [await edge.create({}), await edge.create({}), await edge.create({})];
      const other = await edge.create({ subject: 'bob' });
      const [kept, ...others] = told as [(typeof told)[0], ...typeof told];
      t.is(await edge.revoke({ subject: 'alice', except: kept.session }, 'operator'), 2);
      t.deepEqual(
        (await edge.list('alice')).map(({ session }) => session),
        [kept.session],
      );
      for (const { cookie } of others) t.is((await edge.renew(cookie)).outcome, 'refused');
      t.is((await edge.renew(gone.cookie)).outcome, 'refused');
      t.is((await edge.renew(other.cookie)).outcome, 'renewed');
      t.is((await edge.renew(kept.cookie)).outcome, 'renewed');
      clock.advance(50 * MINUTE);
      const renewed = await edge.renew(kept.cookie, { policy });
      if (renewed.outcome !== 'renewed') return t.fail();
      t.not(renewed.session, kept.session);
      const { tag } = edge.look(renewed.cookie, storage);
      const [record, epoch] = await space.get([
        storeKeys.record(renewed.session),
        storeKeys.epoch(tag),
      ]);
      const made = decodeRecord(record?.value as Uint8Array).epoch;
      t.true(sessionStands({ id: renewed.session, epoch: made }, decodeEpoch(epoch)));
      t.true(made === decodeEpoch(epoch)?.epoch);
      // An exception saves only what stood before it.
      t.is(await edge.revoke({ subject: 'alice', except: gone.session }), 1);
      t.is((await edge.renew(gone.cookie, { policy })).outcome, 'refused');
    },
  );
}

test.serial('A cookie that was renewed excepts the session it became.', async (t) => {
  await using all = await startAll();
  const { edge, clock } = all;
  const told = await edge.create({});
  clock.advance(50 * MINUTE);
  const renewed = await edge.renew(told.cookie, { policy: { idleMs: 0 } });
  if (renewed.outcome !== 'renewed') return t.fail();
  t.is(await edge.revoke({ subject: 'alice', except: told.session }), 0);
  t.is((await edge.renew(renewed.cookie)).outcome, 'renewed');
});

test.serial(
  'A session that is renewed at the last moment keeps its grace, though it would have ended by then.',
  async (t) => {
    await using all = await startAll();
    const { edge, clock } = all;
    const policy = { idleMs: 0 };
    const told = await edge.create({});
    clock.advance(HOUR - 1);
    const renewed = await edge.renew(told.cookie, { policy });
    if (renewed.outcome !== 'renewed') return t.fail();
    clock.advance(9_999);
    t.like(await edge.renew(told.cookie, { policy }), { session: renewed.session });
    clock.advance(1);
    t.is((await edge.renew(told.cookie, { policy })).outcome, 'refused');
  },
);

test.serial(
  'A session that isn’t due keeps its id, and its use is written down once in a while.',
  async (t) => {
    await using all = await startAll();
    const { edge, clock } = all;
    const told = await edge.create({});
    const seen = async () => Date.parse((await edge.list('alice'))[0]?.seen as string);
    const began = clock.now();
    clock.advance(59_999);
    t.like(await edge.renew(told.cookie), { outcome: 'renewed', session: told.session });
    t.is(await seen(), began);
    clock.advance(1);
    await Promise.all(Array.from({ length: 4 }, () => edge.renew(told.cookie)));
    t.is(await seen(), began + MINUTE);
  },
);

test.serial('Time-outs hold to the millisecond, and say which it was.', async (t) => {
  await using all = await startAll();
  const { edge, clock } = all;
  const refusal = async (policy: Record<string, number>, ms: number) => {
    const { cookie } = await edge.create({ policy });
    clock.advance(ms - 1);
    const early = await edge.renew(cookie, { policy });
    t.is(early.outcome, 'renewed', JSON.stringify(policy));
    const again = await edge.create({ policy });
    clock.advance(ms);
    const late = await edge.renew(again.cookie, { policy });
    return late.outcome === 'refused' ? late.reason : 'none';
  };
  t.is(await refusal({ idleMs: 5_000, rollingMs: 0, absoluteMs: 0 }, 5_000), 'idle');
  // The store has forgotten what has rolled out.
  t.is(await refusal({ idleMs: 0, rollingMs: 5_000, absoluteMs: 0 }, 5_000), 'ended');
  t.is(await refusal({ idleMs: 0, rollingMs: 0, absoluteMs: 5_000 }, 5_000), 'ended');
  const policy = { storage: 'cookie', idleMs: 0, rollingMs: 0, absoluteMs: 5_000 };
  const { cookie } = await edge.create({ policy });
  clock.advance(5_000);
  const longer = { ...policy, absoluteMs: HOUR };
  t.deepEqual(
    await edge.renew(cookie, { policy: longer }),
    { outcome: 'refused', reason: 'absolute' },
    'a longer time-out where it is used doesn’t make it live longer',
  );
});

test.serial(
  'What isn’t a cookie of ours is refused with the reason, and a sealed field of another request is no cookie at all.',
  async (t) => {
    await using all = await startAll();
    const { edge } = all;
    const { cookie } = await edge.create({});
    const reason = async (value: string, options = {}) => {
      const reply = await edge.renew(value, options);
      return reply.outcome === 'refused' ? reply.reason : 'none';
    };
    t.is(await reason('nonsense'), 'form');
    t.is(await reason(`${cookie.slice(0, -4)}AAAA`), 'forged');
    t.is(await reason(cookie, { audience: 'other' }), 'forged');
    t.is(await reason(cookie, { policy: { storage: 'cookie' } }), 'form');
    t.is(await reason(cookie, { policy: { name: 'other' } }), 'forged');
    t.is(await reason(cookie), 'none');
  },
);

test.serial(
  'A revocation is told once, with its reason, and only for its own audience.',
  async (t) => {
    await using all = await startAll();
    const { edge } = all;
    const { session } = await edge.create({});
    const events: unknown[] = [];
    await using _ = await edge.bus.events.subscribe(sessionRevoked, { from: 'all' }, (event) => {
      events.push(event.data);
    });
    t.is(await edge.revoke({ session: 'nonsense' }), 0);
    const [tag] = subjectTags(edge.ring, 'elsewhere', 'alice');
    t.is(await edge.revoke({ session: storeKeys.record(session)[2] }, 'credential-gone'), 1);
    t.not(tag, edge.look((await edge.create({})).cookie).tag);
    t.is(await edge.revoke({ subject: 'alice' }, 'operator'), 1);
    await until(() => events.length >= 2, 'two events');
    const data = { audience: AUDIENCE, subject: 'alice' };
    t.deepEqual(events, [
      { ...data, session, reason: 'credential-gone' },
      { ...data, reason: 'operator' },
    ]);
  },
);

test.serial(
  'A revocation of all that is asked twice with one key spares who logged in between.',
  async (t) => {
    await using all = await startAll();
    const { edge } = all;
    await edge.create({});
    const key = randomUUID();
    t.is(await edge.revoke({ subject: 'alice' }, 'logout', key), 1);
    const { cookie } = await edge.create({});
    t.is(await edge.revoke({ subject: 'alice' }, 'logout', key), 1);
    t.is((await edge.renew(cookie)).outcome, 'renewed');
    t.is(await edge.revoke({ subject: 'alice' }, 'logout'), 1);
  },
);

test.serial(
  'Sessions of earlier keys are listed, renewed and ended with the others.',
  async (t) => {
    await using all = await startAll({ check_keys: '100ms' });
    const { edge, instance, world, clock } = all;
    const policy = { idleMs: 0 };
    const first = await edge.create({});
    await instance.ports.keys.rotate('sessions');
    await until(() => instance.ports.rings.sessions.active === 2, 'the new key is in use');
    const second = await edge.create({});
    await edge.ring.reload();
    t.not(edge.look(first.cookie).tag, edge.look(second.cookie).tag);
    t.deepEqual(
      (await edge.list('alice')).map(({ session }) => session).sort(),
      [first.session, second.session].sort(),
    );
    t.is((await edge.list('alice', 1)).length, 1);
    await using other = await startSessions(world);
    t.truthy(other);
    clock.advance(50 * MINUTE);
    t.is((await edge.renew(first.cookie, { policy })).outcome, 'renewed');
    t.is(await edge.revoke({ subject: 'alice' }), 2);
    t.deepEqual(await edge.list('alice'), []);
    for (const { cookie } of [first, second]) {
      t.is((await edge.renew(cookie, { policy })).outcome, 'refused');
    }
    // The message about the other tag is delivered too, in the order of commits, and does nothing again.
    const third = await edge.create({});
    const events: string[] = [];
    await using _ = await edge.bus.events.subscribe(sessionCreated, { from: 'all' }, ({ data }) => {
      events.push(data.session);
    });
    await until(() => events.includes(third.session), 'what was committed later is told');
    t.is((await edge.renew(third.cookie)).outcome, 'renewed');
  },
);

test.serial(
  'More sessions than one commit removes end together, and nothing of them stays.',
  async (t) => {
    await using all = await startAll();
    const { edge, space } = all;
    const told = await Promise.all(Array.from({ length: 40 }, () => edge.create({})));
    t.is((await edge.list('alice', 1000)).length, 40);
    t.is(await edge.revoke({ subject: 'alice' }), 40);
    const { tag } = edge.look(told[0]?.cookie as string);
    t.deepEqual(await space.range(storeKeys.index(tag)), []);
  },
);
