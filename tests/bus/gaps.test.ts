import { type Gap, GapTracker } from '@sallyport/bus';
import { DROPPED, type Dropped, type Envelope } from '@sallyport/contracts';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';

const LANE = 'evt.trial.noted.v1';

function envelope<Data>(seq: number, data: Data, epoch = 'e'): Envelope<Data> {
  const [id, source, time] = [`${epoch}-${seq}`, '/trial', '2026-01-01T00:00:00Z'];
  return { id, source, type: DROPPED, time, instance: 'i', epoch, seq, data };
}

function notice(from: number, to: number): Envelope<Dropped> {
  return envelope(to, { of: 'sallyport.trial.noted.v1', from, to, reason: 'pressure' });
}

function collect(now = () => 0) {
  const gaps: Gap[] = [];
  return { gaps, tracker: new GapTracker({ now, onGap: (gap) => gaps.push(gap) }) };
}

const members = (gaps: Gap[], lost: boolean) =>
  gaps
    .filter(({ reason }) => (reason === undefined) === lost)
    .flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i))
    .sort((a, b) => a - b);

test('in whatever order events and notices come, exactly what never came is lost, and each only once', (t) => {
  fc.assert(
    fc.property(
      // For each seq: it arrives, twice, not at all, or was dropped on purpose; and where it is put in the order.
      fc.array(fc.tuple(fc.constantFrom('one', 'two', 'lost', 'dropped'), fc.nat(6)), {
        maxLength: 60,
      }),
      (fates) => {
        const { gaps, tracker } = collect();
        const arrivals: { at: number; seq: number; dropped: boolean }[] = [];
        fates.forEach(([fate, shift], i) => {
          const seq = i + 2;
          const dropped = fate === 'dropped';
          if (fate !== 'lost') arrivals.push({ at: seq + shift, seq, dropped });
          if (fate === 'two') arrivals.push({ at: seq + shift + 3, seq, dropped });
        });
        arrivals.sort((a, b) => a.at - b.at);
        tracker.event(LANE, envelope(1, {}));
        const fresh = new Set<number>();
        for (const { seq, dropped } of arrivals) {
          if (dropped) tracker.dropped(LANE, notice(seq, seq));
          else {
            const first = !fresh.has(seq);
            fresh.add(seq);
            if (tracker.event(LANE, envelope(seq, {})) !== first)
              throw new Error(`seq ${seq} misjudged`);
          }
        }
        tracker.check(0);
        tracker.check(0);
        const high = Math.max(1, ...arrivals.map(({ seq }) => seq));
        const wanted = (kind: string) =>
          fates.flatMap(([fate], i) => (fate === kind && i + 2 <= high ? [i + 2] : []));
        t.deepEqual(members(gaps, true), wanted('lost'));
        t.deepEqual(members(gaps, false), wanted('dropped'));
      },
    ),
    runs(300),
  );
});

test('an event that is late within the grace time isn’t lost; one that isn’t there after it is', (t) => {
  let now = 0;
  const { gaps, tracker } = collect(() => now);
  for (const seq of [1, 2, 5]) tracker.event(LANE, envelope(seq, {}));
  now = 9_000;
  tracker.check();
  t.deepEqual(gaps, []);
  tracker.event(LANE, envelope(3, {}));
  now = 10_000;
  tracker.check();
  t.deepEqual(members(gaps, true), [4]);
});

test('a new life of a process, and a subscription that begins in the middle, are no gaps', (t) => {
  const { gaps, tracker } = collect();
  tracker.event(LANE, envelope(700, {}, 'first'));
  tracker.event(LANE, envelope(701, {}, 'first'));
  tracker.event(LANE, envelope(1, {}, 'second'));
  tracker.check(0);
  t.deepEqual(gaps, []);
});
