import { type FeedReader, followFeed, ownFeed } from '@sallyport/bus';
import { FeedLog, numbers } from '@sallyport/bus/conformance';
import { ManualClock } from '@sallyport/runtime';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';
import { type Fate, LossyFeeds } from './lossy-feeds.ts';

const MAX_DELAY_MS = 400;
/** Three heartbeats, what a message may take (a second copy twice as long), and the tick of the clock. */
const BOUND_MS = 1500 + 2 * MAX_DELAY_MS;

class Unreliable extends FeedLog {
  down = false;

  override async head() {
    this.#check();
    return super.head();
  }

  override async snapshot() {
    this.#check();
    return super.snapshot();
  }

  override async since(at: { epoch: string; version: number }) {
    this.#check();
    return super.since(at);
  }

  #check() {
    if (this.down) throw new Error('the store is away');
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

  constructor(fate: () => Fate, kept: number) {
    this.log = new Unreliable('epoch-1', kept);
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
      reset: (value) => {
        copy.values = [...value];
      },
      apply: ({ n }) => void copy.values.push(n),
      onError: (error) => void copy.faults.push(error),
    });
    this.copies.push(Object.assign(copy, { reader }));
  }

  /** A reader that says it is fresh has everything that was true a bound ago. */
  violation(): string | undefined {
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
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('join', 'cut', 'heal', 'forget') }) },
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
      fc.constantFrom(3, 1000),
      async (steps, fates, kept) => {
        let [at, n] = [0, 0];
        const next = () => {
          at += 1;
          return fates[at % fates.length] as Fate;
        };
        await using stage = new Stage(next, kept);
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
  const stage = new Stage(() => ({ copies: 1, delayMs: 0 }), 1000);
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
  const stage = new Stage(() => ({ copies: 1, delayMs: 0 }), 1000);
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
  const stage = new Stage(() => ({ copies: 1, delayMs: 0 }), 1000);
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
  const stage = new Stage(() => ({ copies: 1, delayMs: 0 }), 1000);
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
