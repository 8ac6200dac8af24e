import type { Dropped, Envelope } from '@sallyport/contracts';

/** A range of events that this reader didn't get. */
export interface Gap {
  readonly instance: string;
  readonly epoch: string;
  readonly lane: string;
  /** First and last `seq`, both inclusive. */
  readonly from: number;
  readonly to: number;
  /** The publisher's reason when it dropped them on purpose; `undefined`: lost on the way. */
  readonly reason: string | undefined;
}

interface Progress {
  readonly instance: string;
  readonly epoch: string;
  readonly lane: string;
  /** The newest seq seen. */
  high: number;
  /** Ranges below `high` that haven't been seen, oldest first. */
  missing: { from: number; to: number; since: number }[];
}

export interface GapTrackerOptions {
  /** Milliseconds, any origin; such as the clock's `monotonic`. */
  readonly now: () => number;
  /** How long an event may be late (redelivery, a retried record) before it counts as lost. Default 10,000. */
  readonly graceMs?: number;
  /** Publishers' lanes remembered; the one seen longest ago is forgotten first. Default 10,000. */
  readonly maxLanes?: number;
  /** Called with what was dropped on purpose at once, and with what was lost once its time is over. */
  readonly onGap: (gap: Gap) => void;
}

/**
 * Tells a subscriber what it didn't get: it is shown every event and drop notice and counts `seq` per (instance, epoch,
 * lane). What came before the first event it saw of a lane isn't missed: subscriptions begin in the middle.
 */
export class GapTracker {
  readonly #options: GapTrackerOptions;
  readonly #lanes = new Map<string, Progress>();

  constructor(options: GapTrackerOptions) {
    this.#options = options;
  }

  /** An event. Says whether its `seq` is new in its lane: false for a duplicate. */
  event(lane: string, event: Envelope): boolean {
    return this.#see(this.#progress(lane, event, event.seq), event.seq, event.seq);
  }

  /** A drop notice. */
  dropped(lane: string, notice: Envelope<Dropped>): void {
    const { from, to, reason } = notice.data;
    const progress = this.#progress(lane, notice, from);
    if (this.#see(progress, from, to)) {
      const { instance, epoch } = notice;
      this.#options.onGap({ instance, epoch, lane, from, to, reason });
    }
  }

  /** Reports what has been missing for longer than the grace time. To be called now and then, and at the end with 0. */
  check(graceMs = this.#options.graceMs ?? 10_000): void {
    const due = this.#options.now() - graceMs;
    for (const progress of this.#lanes.values()) {
      const { instance, epoch, lane } = progress;
      const [lost, waiting] = [
        progress.missing.filter(({ since }) => since <= due),
        progress.missing.filter(({ since }) => since > due),
      ];
      progress.missing = waiting;
      for (const { from, to } of lost) {
        this.#options.onGap({ instance, epoch, lane, from, to, reason: undefined });
      }
    }
  }

  #progress(lane: string, { instance, epoch }: Envelope, first: number): Progress {
    const key = JSON.stringify([instance, epoch, lane]);
    const known = this.#lanes.get(key);
    const progress = known ?? { instance, epoch, lane, high: first - 1, missing: [] };
    this.#lanes.delete(key);
    this.#lanes.set(key, progress);
    if (known === undefined && this.#lanes.size > (this.#options.maxLanes ?? 10_000)) {
      const [oldest] = this.#lanes.keys();
      if (oldest !== undefined) this.#lanes.delete(oldest);
    }
    return progress;
  }

  /** Marks from…to as seen; whether any of it was new. */
  #see(progress: Progress, from: number, to: number): boolean {
    let fresh = false;
    if (to > progress.high) {
      if (from > progress.high + 1) {
        const since = this.#options.now();
        progress.missing.push({ from: progress.high + 1, to: from - 1, since });
      }
      progress.high = to;
      fresh = true;
    }
    if (progress.missing.length === 0) return fresh;
    const rest: Progress['missing'] = [];
    for (const range of progress.missing) {
      if (to < range.from || from > range.to) {
        rest.push(range);
        continue;
      }
      fresh = true;
      if (range.from < from) rest.push({ ...range, to: from - 1 });
      if (range.to > to) rest.push({ ...range, from: to + 1 });
    }
    progress.missing = rest;
    return fresh;
  }
}
