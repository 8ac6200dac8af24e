import { type FeedReader, followFeed, ownFeed } from '@sallyport/bus';
import { FeedLog, numbers } from '@sallyport/bus/conformance';
import { ManualClock } from '@sallyport/runtime';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';
import { type Fate, LossyFeeds } from './lossy-feeds.ts';

const MAX_DELAY_MS = 400;
const MAX_LATENCY_MS = 800;
/**
 * Three heartbeats, an answer of the store that is believed (at most one heartbeat old, or a reader's own: as old as it
 * took), and what a message may take (a second copy twice as long).
 */
const BOUND_MS = 1500 + 500 + 2 * MAX_DELAY_MS;

/** Answers late, and as it was when it was asked; or not at all. */
class Unreliable extends FeedLog {
  /** Nobody can read it; readers can't. */
  down = false;
  blind = false;
  readonly #clock: ManualClock;
  readonly #latency: () => number;

  constructor(clock: ManualClock, latency: () => number, kept: number) {
    super('epoch-1', kept);
    this.#clock = clock;
    this.#latency = latency;
  }

  override head(signal?: AbortSignal) {
    return this.#late(super.head(), this.down, signal);
  }

  override snapshot(signal?: AbortSignal) {
    return this.#late(super.snapshot(), this.down || this.blind, signal);
  }

  override since(at: { epoch: string; version: number }, signal?: AbortSignal) {
    return this.#late(super.since(at), this.down || this.blind, signal);
  }

  async #late<T>(answer: Promise<T>, refused: boolean, signal?: AbortSignal): Promise<T> {
    const value = await answer;
    if (refused) throw new Error('the store is away');
    const latency = this.#latency();
    if (latency > 0) await this.#clock.sleep(latency, signal);
    return value;
  }
}

interface Copy {
  reader: FeedReader;
  values: number[];
  faults: unknown[];
}

/** Owners, readers, a store and the network between them, in simulated time. */
class Stage implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly log: Unreliable;
  readonly feeds: LossyFeeds;
  readonly copies: Copy[] = [];
  /** What was true when: the newest version of each moment. */
  readonly history: { at: number; epoch: string; version: number }[] = [];
  #owners = new AsyncDisposableStack();
  #own: ReturnType<typeof ownFeed<typeof numbers>>[] = [];
  #epochs = 1;
  #wrong: string | undefined;

  constructor(fate: () => Fate, kept = 1000, latency = () => 0) {
    this.log = new Unreliable(this.clock, latency, kept);
    this.feeds = new LossyFeeds(this.clock, fate);
    this.#remember();
    this.startOwners();
  }

  startOwners() {
    for (let i = 0; i < 2; i += 1) {
      const { feeds, log: source, clock } = this;
      const owner = ownFeed({ feed: numbers, feeds, source, clock, onError: () => {} });
      this.#own.push(this.#owners.use(owner));
    }
  }

  async stopOwners() {
    await this.#owners.disposeAsync();
    this.#owners = new AsyncDisposableStack();
    this.#own = [];
  }

  /** `announced` false: the owner dies between commit and announcement. */
  commit(n: number, announced: boolean) {
    if (this.log.down) return;
    const head = this.log.commit({ n });
    if (announced) this.#own[n % 2]?.announce(head, { n });
    this.#remember();
  }

  /** The store is restored from nothing: numbering begins again. */
  forget() {
    this.#epochs += 1;
    this.log.epoch = `epoch-${this.#epochs}`;
    this.log.values = [];
    this.#remember();
  }

  async join() {
    const { feeds, log: source, clock } = this;
    const copy = { values: [] as number[], faults: [] as unknown[] };
    const reader = await followFeed({
      ...{ feed: numbers, feeds, source, clock },
      reset: (value, head) => {
        const before = this.copies.find((one) => one.values === copy.values)?.reader.head;
        if (before?.epoch === head.epoch && before.version > head.version) {
          this.#wrong ??= `a reader was put back from ${before.version} to ${head.version}`;
        }
        copy.values.splice(0, Number.POSITIVE_INFINITY, ...value);
      },
      apply: ({ n }) => void copy.values.push(n),
      onError: (error) => void copy.faults.push(error),
    });
    this.copies.push(Object.assign(copy, { reader }));
  }

  /** A reader that says it is fresh has everything that was true a bound ago. */
  violation(): string | undefined {
    if (this.#wrong !== undefined) return this.#wrong;
    const then = this.clock.monotonic() - BOUND_MS;
    const truth = this.history.findLast(({ at }) => at <= then);
    for (const [i, { reader, values }] of this.copies.entries()) {
      if (reader.head !== undefined && values.length !== reader.head.version) {
        return `reader ${i} says version ${reader.head.version} and has ${values.length} values`;
      }
      if (!reader.fresh || truth === undefined) continue;
      const since = this.history.filter(({ at }) => at >= truth.at);
      const { epoch, version } = reader.head ?? { epoch: '', version: 0 };
      // Of the numberings that counted within the bound, it must have one, and as much of it as was there then.
      const same = since.filter((moment) => moment.epoch === epoch);
      if (same.length === 0) return `reader ${i} is fresh in ${epoch}, which is past`;
      const least = epoch === truth.epoch ? truth.version : 0;
      if (version < least)
        return `reader ${i} is fresh at ${version}, ${least} is ${BOUND_MS} ms old`;
    }
    return undefined;
  }

  async [Symbol.asyncDispose]() {
    await this.stopOwners();
    for (const { reader } of this.copies) await reader[Symbol.asyncDispose]();
  }

  #remember() {
    const { epoch, values } = this.log;
    this.history.push({ at: this.clock.monotonic(), epoch, version: values.length });
  }
}

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ op: fc.constant('commit' as const), announced: fc.boolean() }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constant('wait' as const),
      ms: fc.integer({ min: 1, max: 900 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constantFrom('join', 'cut', 'heal', 'forget', 'blind', 'see') }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constantFrom('store-down', 'store-up', 'stop', 'start') }),
  },
);
const fate = fc.record({
  copies: fc.constantFrom(0, 1, 1, 1, 2),
  delayMs: fc.integer({ min: 0, max: MAX_DELAY_MS }),
});

test('whatever is lost, doubled, delayed or restarted, readers are never wrongly fresh and end where the owner is', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.array(fate, { minLength: 1, maxLength: 60 }),
      fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: MAX_LATENCY_MS })), {
        minLength: 1,
      }),
      fc.constantFrom(3, 1000),
      async (steps, fates, latencies, kept) => {
        let [at, n] = [0, 0];
        const next = () => {
          at += 1;
          return fates[at % fates.length] as Fate;
        };
        let calm = false;
        const latency = () => {
          at += 1;
          return calm ? 0 : (latencies[at % latencies.length] as number);
        };
        await using stage = new Stage(next, kept, latency);
        await stage.join();
        for (const one of steps) {
          if (one.op === 'commit') {
            n += 1;
            stage.commit(n, one.announced);
          } else if (one.op === 'wait') {
            // In small pieces, so that no moment of wrong confidence is missed.
            for (let left = one.ms; left > 0; left -= 60) {
              await stage.clock.advance(Math.min(60, left));
              const wrong = stage.violation();
              if (wrong !== undefined) throw new Error(wrong);
            }
          } else if (one.op === 'join') await stage.join();
          else if (one.op === 'cut') stage.feeds.cut = true;
          else if (one.op === 'heal') stage.feeds.cut = false;
          else if (one.op === 'forget') stage.forget();
          else if (one.op === 'blind') stage.log.blind = true;
          else if (one.op === 'see') stage.log.blind = false;
          else if (one.op === 'store-down') stage.log.down = true;
          else if (one.op === 'store-up') stage.log.down = false;
          else if (one.op === 'stop') await stage.stopOwners();
          else {
            await stage.stopOwners();
            stage.startOwners();
          }
        }
        stage.feeds.cut = false;
        stage.feeds.healed = true;
        stage.log.down = false;
        stage.log.blind = false;
        calm = true;
        await stage.stopOwners();
        stage.startOwners();
        await stage.clock.advance(4_000);
        for (const { reader, values } of stage.copies) {
          if (JSON.stringify(values) !== JSON.stringify(stage.log.values)) {
            throw new Error(`a reader has ${values}, the owner ${stage.log.values}`);
          }
          if (!reader.fresh) throw new Error('a reader isn’t fresh in the end');
        }
      },
    ),
    runs(400, 10_000),
  );
  t.pass();
});

async function stageWithReader(t: { true(value: boolean): void }) {
  const stage = new Stage(() => ({ copies: 1, delayMs: 0 }));
  await stage.join();
  await stage.clock.advance(600);
  const [copy] = stage.copies as [Copy];
  t.true(copy.reader.fresh);
  return { stage, copy };
}

test('staleness is noticed within two seconds of the last heartbeat, and its age is told', async (t) => {
  const { stage, copy } = await stageWithReader(t);
  await using _ = stage;
  await stage.stopOwners();
  await stage.clock.advance(1_100);
  t.true(copy.reader.fresh);
  await stage.clock.advance(900);
  t.false(copy.reader.fresh);
  await stage.clock.advance(3_000);
  t.true(copy.reader.staleMs >= 3_000 && copy.reader.staleMs <= 4_000, `${copy.reader.staleMs}`);
});

test('while the bus is silent a reader follows by asking the source, but doesn’t say it is fresh', async (t) => {
  const { stage, copy } = await stageWithReader(t);
  await using _ = stage;
  stage.feeds.cut = true;
  stage.commit(1, true);
  await stage.clock.advance(6_000);
  t.deepEqual(copy.values, [1]);
  t.false(copy.reader.fresh);
});

test('a reader that hears of another numbering isn’t fresh until the source has told it more', async (t) => {
  const { stage, copy } = await stageWithReader(t);
  await using _ = stage;
  stage.log.blind = true;
  stage.forget();
  await stage.clock.advance(510);
  t.false(copy.reader.fresh);
  stage.log.blind = false;
  await stage.clock.advance(1_000);
  t.true(copy.reader.fresh);
  t.is(copy.reader.head?.epoch, 'epoch-2');
});

test('a snapshot that is older than what arrived while it was made doesn’t put the reader back', async (t) => {
  let latency = 0;
  const stage = new Stage(
    () => ({ copies: 1, delayMs: 0 }),
    0,
    () => latency,
  );
  await using _ = stage;
  await stage.join();
  await stage.clock.advance(600);
  const [copy] = stage.copies as [Copy];
  latency = 400;
  stage.commit(1, false);
  stage.commit(2, true);
  await stage.clock.advance(620);
  const late = { epoch: 'epoch-1', version: 1, delta: { n: 1 } };
  stage.feeds.send(numbers, new TextEncoder().encode(JSON.stringify(late)));
  stage.commit(3, true);
  await stage.clock.advance(20);
  t.deepEqual(copy.values, [1, 2, 3]);
  await stage.clock.advance(2_000);
  t.deepEqual(copy.values, [1, 2, 3]);
  t.is(stage.violation(), undefined);
});

test('an answer of the store that took longer than a heartbeat isn’t passed on as one', async (t) => {
  let latency = 0;
  const stage = new Stage(
    () => ({ copies: 1, delayMs: 0 }),
    1000,
    () => latency,
  );
  await using _ = stage;
  await stage.join();
  await stage.clock.advance(600);
  const [copy] = stage.copies as [Copy];
  t.true(copy.reader.fresh);
  latency = 600;
  await stage.clock.advance(2_500);
  t.false(copy.reader.fresh);
});

test('owners that can’t read the store send no heartbeat, so readers don’t trust them', async (t) => {
  const { stage, copy } = await stageWithReader(t);
  await using _ = stage;
  stage.log.down = true;
  await stage.clock.advance(2_000);
  t.false(copy.reader.fresh);
  t.true(copy.faults.length > 0);
});

test('a delta of a newer version that this reader can’t read sends it to the source', async (t) => {
  const { stage, copy } = await stageWithReader(t);
  await using _ = stage;
  stage.log.commit({ n: 5 });
  const body = { epoch: 'epoch-1', version: 1, delta: { n: 'five' } };
  stage.feeds.send(numbers, new TextEncoder().encode(JSON.stringify(body)));
  await stage.clock.advance(200);
  t.deepEqual(copy.values, [5]);
  t.is((copy.faults[0] as { code?: string }).code, 'SP_ERR_CONTRACT');
});

test('a callback that throws half way is followed by a whole snapshot', async (t) => {
  const stage = new Stage(() => ({ copies: 1, delayMs: 0 }));
  await using _ = stage;
  let [values, failures]: [number[], number] = [[], 0];
  await using reader = await followFeed({
    ...{ feed: numbers, feeds: stage.feeds, source: stage.log, clock: stage.clock },
    reset: (value) => {
      values = [...value];
    },
    apply: ({ n }) => {
      values.push(n);
      if (n === 2 && failures === 0) {
        failures += 1;
        throw new Error('half way');
      }
    },
  });
  await stage.clock.advance(600);
  for (const n of [1, 2, 3]) stage.commit(n, true);
  await stage.clock.advance(1_000);
  t.is(failures, 1);
  t.deepEqual(values, [1, 2, 3]);
  t.true(reader.fresh);
});

test('a reader that begins with a copy of its own is brought up to date by the changes since', async (t) => {
  const stage = new Stage(() => ({ copies: 1, delayMs: 0 }));
  await using _ = stage;
  for (const n of [1, 2, 3]) stage.commit(n, false);
  const [values, resets]: [number[], number[]] = [[1, 2], []];
  await using reader = await followFeed({
    ...{ feed: numbers, feeds: stage.feeds, source: stage.log, clock: stage.clock },
    initial: { epoch: 'epoch-1', version: 2 },
    reset: () => void resets.push(1),
    apply: ({ n }) => void values.push(n),
  });
  await reader.ready();
  await stage.clock.advance(600);
  t.deepEqual([values, resets], [[1, 2, 3], []]);
  t.true(reader.fresh);
});

test('waiting for a first value ends with the signal, and with disposal', async (t) => {
  const stage = new Stage(() => ({ copies: 1, delayMs: 0 }));
  await using _ = stage;
  stage.log.down = true;
  await stage.join();
  const reader = (stage.copies[0] as Copy).reader;
  await t.throwsAsync(reader.ready(AbortSignal.abort(new Error('enough'))), { message: 'enough' });
  const stop = new AbortController();
  const [first, second] = [reader.ready(stop.signal), reader.ready()];
  stop.abort(new Error('enough now'));
  await t.throwsAsync(first, { message: 'enough now' });
  await reader[Symbol.asyncDispose]();
  await t.throwsAsync(second, { name: 'AbortError' });
});
