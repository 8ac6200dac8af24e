import {
  decodePayload,
  decodeRecord,
  encodePayload,
  encodeRecord,
  epochHolds,
  newSid,
  nextEpoch,
  renewal,
  type SessionRecord,
  SessionRecordError,
  sessionEnd,
  sessionId,
  sessionState,
  storeKeys,
  subjectTags,
  successorSid,
  tagOf,
  timeouts,
} from '@sallyport/session';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';
import { testKeys } from './keys.ts';

const T0 = Date.UTC(2026, 10, 22);
const KEYS = testKeys([1, 2]);
const LIMITS = timeouts({ idle: 1000, rolling: 4000, absolute: 10_000, stale: 100, touch: 200 });
const RECORD: SessionRecord = {
  ...{ audience: 'shop', subject: 'alice', consumer: 'c1', groups: ['a'] },
  ...{ created: T0, rolled: T0, seen: T0, generation: 0, epoch: 3, kid: 2, remember: false },
};
const at = (ms: number, change: Partial<SessionRecord> = {}) =>
  sessionState({ ...RECORD, ...change }, T0 + ms, LIMITS);

test('Records and cookie payloads come back as they were written.', (t) => {
  const text = fc.string({ unit: 'grapheme' });
  const whole = fc.nat(2 ** 31);
  const record = fc.record(
    {
      ...{ audience: text, subject: text, consumer: text, credential: text, certificate: text },
      ...{ groups: fc.array(text), created: whole, rolled: whole, seen: whole },
      ...{ generation: whole, epoch: whole, kid: whole, remember: fc.boolean() },
      superseded: fc.record({ by: text, until: whole }, { noNullPrototype: true }),
    },
    {
      noNullPrototype: true,
      requiredKeys: [
        ...(['audience', 'subject', 'created', 'rolled', 'seen'] as const),
        ...(['generation', 'epoch', 'kid', 'remember'] as const),
      ],
    },
  );
  fc.assert(
    fc.property(record, (one) => {
      const sid = newSid();
      t.deepEqual(decodeRecord(encodeRecord(one)), one);
      t.deepEqual(decodePayload(encodePayload({ sid, record: one })), { sid, record: one });
      t.deepEqual(decodePayload(encodePayload({ sid })), { sid });
    }),
    runs(200),
  );
});

test('The record’s format is the one that stored records have.', (t) => {
  const golden =
    '[1,{"audience":"shop","subject":"alice","consumer":"c1","groups":["a"],"created":1795305600000,' +
    '"rolled":1795305600000,"seen":1795305600000,"generation":0,"epoch":3,"kid":2,"remember":false}]';
  t.is(encodeRecord(RECORD).toString(), golden);
  t.deepEqual(decodeRecord(Buffer.from(golden)), RECORD);
});

test('A record of another format, or one with a field missing or of another type, is refused by name.', (t) => {
  const refuse = (value: unknown, message: RegExp) =>
    t.throws(() => decodeRecord(Buffer.from(JSON.stringify(value))), {
      ...{ instanceOf: SessionRecordError, message },
    });
  refuse([2, RECORD], /format 2, the only known is 1/);
  refuse([1], /format none/);
  refuse({}, /format none/);
  refuse([1, null], /must be an object/);
  for (const name of Object.keys(RECORD)) {
    if (name === 'consumer') continue;
    refuse([1, { ...RECORD, [name]: { not: 'this' } }], new RegExp(`field '${name}'`));
  }
  refuse([1, { ...RECORD, created: 1.5 }], /field 'created'/);
  refuse([1, { ...RECORD, superseded: { by: 'x' } }], /field 'superseded'/);
  t.throws(() => decodeRecord(Buffer.from([0xff])), { instanceOf: SessionRecordError });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      t.throws(() => decodeRecord(bytes), { instanceOf: SessionRecordError });
    }),
    runs(200),
  );
  t.is(decodePayload(Buffer.alloc(31)), undefined);
});

test('A session is live, then renewed at three quarters of its rolling time, then over: to the millisecond.', (t) => {
  const seen = (ms: number) => ({ seen: T0 + ms });
  t.deepEqual(at(0), { state: 'live', touch: false });
  t.deepEqual(at(199), { state: 'live', touch: false });
  t.deepEqual(at(200), { state: 'live', touch: true });
  t.deepEqual(at(999), { state: 'live', touch: true });
  t.deepEqual(at(1000), { state: 'expired', reason: 'idle' });
  t.deepEqual(at(3000, seen(3000)), { state: 'live', touch: false });
  t.deepEqual(at(3001, seen(3000)), { state: 'renew' });
  t.deepEqual(at(3999, seen(3900)), { state: 'renew' });
  t.deepEqual(at(4000, seen(3900)), { state: 'expired', reason: 'rolling' });
  const rolled = (ms: number) => ({ ...seen(ms), rolled: T0 + ms });
  t.deepEqual(at(9999, rolled(9500)), { state: 'live', touch: true });
  t.deepEqual(at(10_000, rolled(9500)), { state: 'expired', reason: 'absolute' });
  // Its successor would end with it: nothing to gain.
  t.deepEqual(at(9900, { rolled: T0 + 6000, seen: T0 + 9800 }), { state: 'live', touch: false });
});

test('A remembered session isn’t ended by idleness, and has its own two time-outs.', (t) => {
  const limits = timeouts({ ...LIMITS, rememberRolling: 50_000, rememberAbsolute: 90_000 });
  const state = (ms: number) => sessionState({ ...RECORD, remember: true }, T0 + ms, limits);
  t.deepEqual(state(30_000), { state: 'live', touch: false });
  t.deepEqual(state(40_000), { state: 'renew' });
  t.deepEqual(state(50_000), { state: 'expired', reason: 'rolling' });
  t.deepEqual(state(90_000), { state: 'expired', reason: 'absolute' });
});

test('A renewed session is sent on to its successor for a while, and then its return is told.', (t) => {
  const superseded = { by: 'x', until: T0 + 100 };
  t.deepEqual(at(99, { superseded }), { state: 'renew' });
  t.deepEqual(at(100, { superseded }), { state: 'expired', reason: 'reused' });
});

test('Time-outs of 0 are off, and a clock that is behind counts as no time passed.', (t) => {
  const off = timeouts({ idle: 0, rolling: 0, absolute: 0 });
  t.deepEqual(sessionState(RECORD, T0 + 1e12, off), { state: 'live', touch: false });
  t.is(sessionEnd(RECORD, off), undefined);
  t.deepEqual(at(-5000), { state: 'live', touch: false });
  t.throws(() => timeouts({ idle: -1 }), { message: /time-out idle is -1/ });
  t.throws(() => timeouts({ idle: 100, touch: 51 }), {
    message: /touch is 51, must be at most half/,
  });
});

test('No session is live at or after its end, and the end never lies behind the absolute time-out.', (t) => {
  fc.assert(
    fc.property(fc.nat(20_000), fc.nat(20_000), fc.nat(30_000), (rolled, seen, now) => {
      const record = { ...RECORD, rolled: T0 + rolled, seen: T0 + seen };
      const end = sessionEnd(record, LIMITS) as number;
      if (end > record.created + LIMITS.absolute) return false;
      const { state } = sessionState(record, T0 + now, LIMITS);
      return T0 + now < end || state === 'expired';
    }),
    runs(500),
  );
  t.pass();
});

test('All who renew a session get one successor, whatever key is active where they are.', (t) => {
  const [tag] = subjectTags(KEYS, 'shop', 'alice');
  const sid = newSid();
  const one = renewal(testKeys([1, 2]), tag, sid, RECORD, T0 + 10, LIMITS);
  const two = renewal(testKeys([2, 3], [1]), tag, sid, RECORD, T0 + 20, LIMITS);
  const three = one && renewal(KEYS, tag, sid, one.old, T0 + 50, LIMITS);
  if (one === undefined || two === undefined || three === undefined) return t.fail();
  t.deepEqual(two.sid, one.sid);
  t.deepEqual(three.sid, one.sid);
  t.is(one.id, sessionId(tag, one.sid));
  t.deepEqual(one.old.superseded, { by: one.id, until: T0 + 110 });
  t.is(three.old, one.old);
  t.deepEqual(one.successor, {
    ...{ ...RECORD, rolled: T0 + 10, seen: T0 + 10, generation: 1 },
    previous: sessionId(tag, sid),
  });
  t.is(two.successor.kid, 3);
  t.is(renewal(testKeys([3], [2]), tag, sid, RECORD, T0, LIMITS), undefined);
});

test('Successors differ by secret, generation and key.', (t) => {
  const sid = newSid();
  const made = [
    successorSid(KEYS, sid, { kid: 2, generation: 0 }),
    successorSid(KEYS, sid, { kid: 2, generation: 1 }),
    successorSid(KEYS, sid, { kid: 1, generation: 0 }),
    successorSid(KEYS, newSid(), { kid: 2, generation: 0 }),
    sid,
  ].map((each) => each?.toString('hex'));
  t.is(new Set(made).size, made.length);
});

test('A session’s id and key in the store have its partition in them, and nothing of its secret.', (t) => {
  const [tag] = subjectTags(KEYS, 'shop', 'alice');
  const sid = newSid();
  const id = sessionId(tag, sid);
  t.is(id.length, 43);
  t.is(tagOf(id), tag);
  t.deepEqual(storeKeys.record(id), [tag, 'session', id]);
  t.is(storeKeys.index(tag)[0], tag);
  t.is(storeKeys.epoch(tag)[0], tag);
  t.not(id, sessionId(tag, newSid()));
  t.false(Buffer.from(id, 'base64url').includes(sid.subarray(0, 4)));
  for (const other of ['', tag, `${id}A`, `${id.slice(0, -1)}=`, 'ü'.repeat(43)]) {
    t.is(tagOf(other), undefined);
    t.throws(() => storeKeys.record(other));
  }
});

test('A subject has one tag for each key, told apart by audience and by where one ends and the other begins.', (t) => {
  const tags = subjectTags(KEYS, 'shop', 'alice');
  t.is(tags.length, 2);
  t.deepEqual(subjectTags(testKeys([2], [1]), 'shop', 'alice'), [tags[0]]);
  // What was made before a rotation is still found after it.
  t.true(subjectTags(testKeys([1, 2, 3]), 'shop', 'alice').includes(tags[0]));
  for (const [audience, subject] of [
    ['shop', 'bob'],
    ['', 'shopalice'],
    ['shopa', 'lice'],
    ['shop|', 'alice'],
  ] as const) {
    t.not(subjectTags(KEYS, audience, subject)[0], tags[0]);
  }
});

test('Revoking everything ends what was made before, and nothing that is made after, in the same millisecond too.', (t) => {
  t.true(epochHolds(0, undefined));
  fc.assert(
    fc.property(fc.array(fc.constantFrom('login', 'revoke', 'tick', 'back')), (steps) => {
      let [now, epoch] = [T0, undefined as number | undefined];
      let alive: number[] = [];
      const dead: number[] = [];
      for (const step of steps) {
        if (step === 'tick') now += 1;
        if (step === 'back') now -= 3;
        if (step === 'login') alive.push(epoch ?? 0);
        if (step === 'revoke') {
          epoch = nextEpoch(epoch, now);
          dead.push(...alive);
          alive = [];
        }
      }
      const [last] = [epoch];
      return (
        alive.every((made) => epochHolds(made, last)) &&
        !dead.some((made) => epochHolds(made, last))
      );
    }),
    runs(300),
  );
});
