import { type FeedReader, type Feeds, followFeed } from '@sallyport/bus';
import { revocations } from '@sallyport/contracts';
import type { Clock, Logger } from '@sallyport/runtime';
import { type RevocationSource, RevocationTable, revocationOf } from '@sallyport/session';
import { noteFresh } from './metrics.ts';

export interface RevocationPorts {
  readonly feeds: Feeds;
  /** `revocationSource` over the space `sessions`. */
  readonly source: RevocationSource;
  readonly clock: Clock;
  readonly logger: Logger;
}

const PRUNE_MS = 60_000;

/** What this edge has heard of sessions that ended before their time. */
export class Revocations implements AsyncDisposable {
  readonly #ports: RevocationPorts;
  readonly #table = new RevocationTable();
  readonly #stack = new AsyncDisposableStack();
  #reader: FeedReader | undefined;
  #wasFresh = false;

  constructor(ports: RevocationPorts) {
    this.#ports = ports;
  }

  /** Begins to listen; what was revoked before comes in the background. */
  async start(): Promise<void> {
    const { feeds, source, clock, logger } = this.#ports;
    this.#reader = this.#stack.use(
      await followFeed({
        ...{ feed: revocations, feeds, source, clock },
        // On top of what is known: revocations are never taken back.
        reset: (all) => {
          for (const one of all) this.#table.take(one);
        },
        apply: (delta) => this.#table.take(revocationOf(delta)),
        onFresh: (fresh) => {
          this.#wasFresh ||= fresh;
          noteFresh('revocations', fresh);
          if (fresh) logger.info('revocations are up to date');
          else logger.warn('revocations may be missing');
        },
        onError: (error) => logger.debug('revocations could not be followed', { error }),
      }),
    );
    this.#stack.use(clock.every(PRUNE_MS, () => this.#table.prune(clock.now())));
  }

  /** When everything that was revoked was known here last, by the monotonic clock; never: minus infinity. */
  get currentAt(): number {
    const reader = this.#reader;
    if (reader === undefined) return Number.NEGATIVE_INFINITY;
    if (reader.fresh) return this.#ports.clock.monotonic();
    return this.#wasFresh
      ? this.#ports.clock.monotonic() - reader.staleMs
      : Number.NEGATIVE_INFINITY;
  }

  judge(session: { readonly id: string; readonly tag: string; readonly epoch: number }) {
    return this.#table.judge(session);
  }

  /** What this edge did itself counts here at once. */
  ended(tag: string, session: string, until: number): void {
    this.#table.take({ tag, session, until });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
