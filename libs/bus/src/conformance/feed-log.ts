import type { FeedHead, FeedSource } from '../feed/ports.ts';

/** A feed's state in memory: a list of numbers, and the log that made it. */
export class FeedLog implements FeedSource<readonly number[], { n: number }> {
  values: number[] = [];
  epoch: string;
  /** Changes kept for readers that are behind; older ones need a snapshot. */
  readonly #kept: number;

  constructor(epoch = 'epoch-1', kept = Number.POSITIVE_INFINITY) {
    this.epoch = epoch;
    this.#kept = kept;
  }

  commit({ n }: { n: number }): FeedHead {
    this.values.push(n);
    return { epoch: this.epoch, version: this.values.length };
  }

  async head(): Promise<FeedHead> {
    return { epoch: this.epoch, version: this.values.length };
  }

  async snapshot() {
    return { epoch: this.epoch, version: this.values.length, value: [...this.values] };
  }

  async since(at: FeedHead) {
    const behind = this.values.length - at.version;
    if (at.epoch !== this.epoch || behind < 0 || behind > this.#kept) return undefined;
    return this.values
      .slice(at.version)
      .map((n, i) => ({ version: at.version + i + 1, delta: { n } }));
  }
}
