import {
  CONTENT_TYPE,
  ContractError,
  DROPPED,
  decodeBatch,
  decodeEvents,
  defineEvent,
  dropNoticeWriter,
  encodeBatch,
  eventWriter,
  isDropNotice,
} from '@sallyport/contracts';
import test from 'ava';
import { CloudEvent, HTTP } from 'cloudevents';
import fc from 'fast-check';
import Type from 'typebox';
import { runs } from '../world/deep.ts';

const visited = defineEvent({
  type: 'demo.visited',
  version: 2,
  summary: 'Somebody came by.',
  data: Type.Object({ who: Type.String(), count: Type.Integer() }, { additionalProperties: true }),
});
const origin = { source: '/edge/edge-1', instance: 'edge-1', epoch: '2026-01-01T00:00:00.000Z' };
const writer = eventWriter(visited, origin);
const time = Date.UTC(2026, 10, 22, 16, 21, 31, 5);
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const one = (seq: number, extra = {}) =>
  writer.write({ id: `id-${seq}`, time, seq, data: { who: 'Zoë', count: seq }, ...extra });
/** One event as JSON, to be spoilt. */
const raw = (change: Record<string, unknown> = {}) =>
  JSON.stringify([{ ...(JSON.parse(one(1)) as object), ...change }]);

test('a batch comes back as the events that went in', (t) => {
  const bytes = encodeBatch([one(1), one(2, { traceparent, tracestate: 'a=b', subject: 's' })]);
  t.deepEqual(decodeEvents(visited, bytes), [
    {
      ...{ id: 'id-1', ...origin, type: 'sallyport.demo.visited.v2', seq: 1 },
      ...{ time: '2026-11-22T16:21:31.005Z', data: { who: 'Zoë', count: 1 } },
    },
    {
      ...{ id: 'id-2', ...origin, type: 'sallyport.demo.visited.v2', seq: 2, subject: 's' },
      ...{ time: '2026-11-22T16:21:31.005Z', data: { who: 'Zoë', count: 2 } },
      ...{ traceparent, tracestate: 'a=b' },
    },
  ]);
});

test('the CloudEvents SDK reads what we write, as a batch and strictly', (t) => {
  const bytes = encodeBatch([one(1), one(2 ** 40, { traceparent, subject: 'Zoë' })]);
  const events = HTTP.toEvent({
    headers: { 'content-type': CONTENT_TYPE },
    body: new TextDecoder().decode(bytes),
  }) as CloudEvent<unknown>[];
  t.is(events.length, 2);
  for (const event of events) t.true(event.validate());
  t.is(events[1]?.['seq'], String(2 ** 40));
  t.is(events[1]?.['traceparent'], traceparent);
  t.is(events[1]?.subject, 'Zoë');
  t.deepEqual(events[0]?.data, { who: 'Zoë', count: 1 });
});

test('what the CloudEvents SDK writes with our attributes is read, alone or in an array', (t) => {
  const event = new CloudEvent({
    ...{
      ...origin,
      id: 'x',
      type: visited.eventType,
      seq: '7',
      datacontenttype: 'application/json',
    },
    ...{ data: { who: 'a', count: 1 }, partitionkey: 'p', flag: true },
  });
  const text = JSON.stringify(event);
  const [alone] = decodeBatch(text);
  t.deepEqual(decodeBatch(`[${text}]`), [alone]);
  t.is(alone?.seq, 7);
  t.deepEqual(alone?.extensions, { partitionkey: 'p', flag: true });
});

test('a writer refuses data that its contract refuses', (t) => {
  const error = t.throws(
    () => writer.write({ id: 'x', time, seq: 1, data: { who: 'a', count: 1.5 } }),
    { instanceOf: ContractError },
  );
  t.regex(error.message, /evt\.demo\.visited\.v2.*\/count/);
});

test('a writer refuses attributes that readers would refuse', (t) => {
  const base = { id: 'x', time, seq: 1, data: { who: 'a', count: 1 } };
  const refused = { instanceOf: ContractError };
  for (const change of [
    { id: '' },
    { id: 'a\r\nb' },
    { id: 'x'.repeat(257) },
    { seq: 0 },
    { seq: 1.5 },
    { seq: 2 ** 53 },
    { time: Number.NaN },
    { time: 253_402_300_800_000 },
    { subject: 'a\u0000' },
    { subject: '\ud800' },
  ]) {
    t.throws(() => writer.write({ ...base, ...change }), refused, JSON.stringify(change));
  }
  t.throws(() => eventWriter(visited, { ...origin, source: 'not a uri' }), refused);
  t.throws(() => eventWriter(visited, { ...origin, instance: '' }), refused);
  t.throws(() => encodeBatch([]), refused);
});

for (const [what, change, says] of [
  ['of another CloudEvents version', { specversion: '0.3' }, /specversion "0\.3"/],
  ['without an id', { id: undefined }, /id is missing/],
  ['with an empty id', { id: '' }, /id ""/],
  ['with a line break in its id', { id: 'a\nb' }, /id "a\\nb"/],
  ['with a source that is no URI reference', { source: 'a b' }, /source "a b"/],
  ['with a type that is no text', { type: 1 }, /type 1/],
  ['with a time that is no RFC 3339', { time: '2026-11-22' }, /time "2026-11-22"/],
  [
    'with data that is not JSON',
    { datacontenttype: 'text/plain' },
    /datacontenttype "text\/plain"/,
  ],
  ['without data', { data: undefined }, /data is missing/],
  ['without an instance', { instance: null }, /instance is missing/],
  ['without an epoch', { epoch: undefined }, /epoch is missing/],
  ['with seq as a number', { seq: 1 }, /seq 1 must/],
  ['with seq 0', { seq: '0' }, /seq "0"/],
  ['with a padded seq', { seq: '01' }, /seq "01"/],
  ['with a seq beyond 2^53', { seq: '9999999999999999' }, /seq/],
  ['with an attribute in capitals', { Foo: 'x' }, /attribute name "Foo"/],
  ['with an attribute that is an object', { foo: {} }, /foo must be/],
  ['with an integer of more than 32 bits', { foo: 2 ** 31 }, /foo must be/],
] as const) {
  test(`an event ${what} is refused and the reason named`, (t) => {
    const error = t.throws(() => decodeBatch(raw(change)), { instanceOf: ContractError });
    t.regex(error.message, says);
  });
}

test('bytes that are no UTF-8, no JSON, no event, or empty are refused', (t) => {
  for (const message of ['', '[', '[]', '1', 'null', '[null]', '"x"', '[[]]', '[1]']) {
    t.throws(() => decodeBatch(message), { instanceOf: ContractError }, message);
  }
  const bytes = encodeBatch([one(1)]);
  // The second byte of the ë in "Zoë", within data that would be fine otherwise.
  const spoilt = bytes.map((byte, at) => (bytes[at - 1] === 0xc3 ? 0x28 : byte));
  t.notThrows(() => decodeBatch(bytes));
  t.throws(() => decodeBatch(spoilt), { instanceOf: ContractError, message: /UTF-8/ });
});

test('attributes that are null count as absent', (t) => {
  const [event] = decodeBatch(raw({ subject: null, foo: null, datacontenttype: null }));
  t.false(Object.hasOwn(event ?? {}, 'subject'));
  t.false(Object.hasOwn(event ?? {}, 'extensions'));
});

test('a trace context that makes no sense is left out, the event is not', (t) => {
  const [event] = decodeBatch(raw({ traceparent: '00-zz', tracestate: 'a=b' }));
  t.is(event?.traceparent, undefined);
  t.is(event?.tracestate, undefined);
  t.false(
    writer
      .write({ id: 'x', time, seq: 1, data: { who: '', count: 0 }, traceparent: 'x"' })
      .includes('trace'),
  );
});

test('an event on the subject of another type is refused', (t) => {
  t.throws(() => decodeEvents(visited, raw({ type: 'sallyport.demo.left.v1' })), {
    instanceOf: ContractError,
    message: /type 'sallyport\.demo\.left\.v1' must be 'sallyport\.demo\.visited\.v2'/,
  });
});

test('a drop notice stands in the batch at the place of what was dropped', (t) => {
  const notice = dropNoticeWriter(visited.eventType, origin);
  const bytes = encodeBatch([
    one(4),
    notice({ id: 'n', time, from: 5, to: 7, reason: 'pressure' }),
    one(8),
  ]);
  const events = decodeEvents(visited, bytes);
  t.deepEqual(
    events.map((event) => (isDropNotice(event) ? event.data : event.seq)),
    [4, { of: visited.eventType, from: 5, to: 7, reason: 'pressure' }, 8],
  );
  t.is(events[1]?.seq, 7);
});

test('a drop notice with an empty range or at another place than its end is refused', (t) => {
  const notice = dropNoticeWriter(visited.eventType, origin);
  const refused = { instanceOf: ContractError };
  t.throws(() => notice({ id: 'n', time, from: 8, to: 7, reason: 'pressure' }), refused);
  const good = { of: visited.eventType, from: 5, to: 7, reason: 'new-reason' };
  const event = (seq: string, data: unknown) => raw({ type: DROPPED, seq, data });
  t.is(decodeEvents(visited, event('7', good)).length, 1);
  t.throws(() => decodeEvents(visited, event('8', good)), refused);
  t.throws(() => decodeEvents(visited, event('7', { ...good, from: 8 })), refused);
  t.throws(() => decodeEvents(visited, event('7', { ...good, reason: 'a b' })), refused);
  t.throws(() => decodeEvents(visited, event('7', null)), refused);
});

test('whatever an event holds, it is read as it was written', (t) => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
  const plain = text.filter((s) => /^[^\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]+$/u.test(s));
  const event = fc.record(
    {
      id: plain,
      time: fc.integer({ min: 0, max: 253_402_300_799_999 }),
      seq: fc.maxSafeNat().map((n) => Math.max(1, n)),
      data: fc.record({
        who: fc.string({ unit: 'binary' }),
        count: fc.maxSafeInteger(),
        rest: fc.jsonValue(),
      }),
      subject: plain,
    },
    { requiredKeys: ['id', 'time', 'seq', 'data'] },
  );
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 5 }), (events) => {
      const read = decodeEvents(visited, encodeBatch(events.map((e) => writer.write(e))));
      t.deepEqual(
        read,
        events.map((e) => ({
          ...e,
          ...origin,
          type: visited.eventType,
          time: new Date(e.time).toISOString(),
          data: JSON.parse(JSON.stringify(e.data)) as { who: string; count: number },
        })),
      );
    }),
    runs(300),
  );
});

test('spoilt bytes give a ContractError and nothing else', (t) => {
  const good = encodeBatch([one(1, { traceparent }), one(2)]);
  const edits = fc.array(
    fc.record({ at: fc.nat(good.length - 1), byte: fc.integer({ min: 0, max: 255 }) }),
    { minLength: 1, maxLength: 4 },
  );
  const spoilt = edits.map((list) => {
    const bytes = good.slice();
    for (const { at, byte } of list) bytes[at] = byte;
    return bytes;
  });
  const cut = fc.nat(good.length - 1).map((n) => good.slice(0, n));
  fc.assert(
    fc.property(fc.oneof(spoilt, cut, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      try {
        decodeEvents(visited, bytes);
      } catch (error) {
        t.true(error instanceof ContractError, String(error));
      }
    }),
    runs(3000, 100_000),
  );
  fc.assert(
    fc.property(fc.json(), (text) => {
      t.throws(() => decodeEvents(visited, text), { instanceOf: ContractError });
    }),
    runs(1000, 20_000),
  );
});
