import { DROPPED, type Envelope } from '@sallyport/contracts';
import test from 'ava';
import fc from 'fast-check';
import { eventLine } from '../../infra/cli/src/client/event-line.ts';
import { distance, shortTime, startingPoint } from '../../infra/cli/src/client/moment.ts';
import { plainJson, plainText, table } from '../../infra/cli/src/client/text.ts';
import { UsageError } from '../../infra/cli/src/command.ts';
import { runs } from '../world/deep.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const ACTS = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;

const envelope = (data: unknown, more: Partial<Envelope> = {}): Envelope => ({
  ...{ id: '1', source: '/edge/1', type: 'sallyport.tls.handshake-failed.v1', instance: 'edge-1' },
  ...{ time: '2026-11-22T12:00:00.123Z', epoch: 'e', seq: 7, data, ...more },
});

test('an event is one line: when, who, what, and its data', (t) => {
  const data = { client: { address: '192.0.2.7', port: 9 }, names: ['a', 'b'], text: 'two words' };
  t.is(
    eventLine(envelope(data)),
    '12:00:00.123  edge-1  tls.handshake-failed  client.address=192.0.2.7 client.port=9 names=a,b text="two words"  #7\n',
  );
});

test('a notice of dropped events says what, how many and why', (t) => {
  const data = { of: 'sallyport.tls.handshake-failed.v1', from: 3, to: 7, reason: 'pressure' };
  t.is(
    eventLine(envelope(data, { type: DROPPED })),
    '12:00:00.123  edge-1  dropped on purpose: 5 of tls.handshake-failed, seq 3 to 7, pressure\n',
  );
});

test('whatever a client put into an event, a terminal shows it and does nothing else', (t) => {
  const anything = fc.string({ unit: 'binary', maxLength: 30 });
  fc.assert(
    fc.property(fc.anything({ key: anything, values: [anything] }), anything, (data, instance) => {
      const json = JSON.parse(JSON.stringify(data ?? null)) as unknown;
      const text = eventLine(envelope(json, { instance }));
      if (!text.endsWith('\n') || ACTS.test(text.slice(0, -1))) throw new Error(text);
      const cells = table(['A', 'B'], [[instance, JSON.stringify(json)]]);
      if (cells.split('\n').length !== 3 || ACTS.test(cells.replaceAll('\n', '')))
        throw new Error();
      if (ACTS.test(plainText(instance))) throw new Error(instance);
      const written = plainJson({ instance, json });
      if (ACTS.test(written)) throw new Error(written);
      t.deepEqual(JSON.parse(written), JSON.parse(JSON.stringify({ instance, json })));
      t.deepEqual(JSON.parse(plainJson({ json }, 2)), JSON.parse(JSON.stringify({ json })));
    }),
    runs(500),
  );
});

test('columns are as wide as what is in them', (t) => {
  t.is(
    table(
      ['NAME', 'N'],
      [
        ['a', '1'],
        ['longer', '22'],
      ],
    ),
    'NAME    N\na       1\nlonger  22\n',
  );
  t.is(table(['NAME'], []), 'NAME\n');
});

test('a beginning is said as people say it', (t) => {
  t.is(startingPoint('new', NOW), 'new');
  t.is(startingPoint('all', NOW), 'all');
  t.is(startingPoint('15m', NOW), '2026-11-22T11:45:00.000Z');
  t.is(startingPoint('2d', NOW), '2026-11-20T12:00:00.000Z');
  t.is(startingPoint('2026-11-22T10:00:00+01:00', NOW), '2026-11-22T09:00:00.000Z');
  t.is(startingPoint('2026-11-22', NOW), '2026-11-22T00:00:00.000Z');
  for (const text of ['', 'yesterday', '5', '15 m', '-5m', '2026-13-01']) {
    t.throws(() => startingPoint(text, NOW), { instanceOf: UsageError }, text);
  }
});

test('times are short, and distances in the largest unit that fits', (t) => {
  t.is(shortTime('2026-11-22T12:00:00.123Z'), '2026-11-22T12:00:00Z');
  t.is(shortTime(undefined), '-');
  const at = (ms: number) => distance(new Date(NOW + ms).toISOString(), NOW);
  t.deepEqual(
    [at(0), at(59_000), at(60_000), at(7_200_000), at(90 * 86_400_000), at(-5000)],
    ['0s', '59s', '1m', '2h', '90d', '-5s'],
  );
});
