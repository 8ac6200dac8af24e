import type { Clock } from '@sallyport/runtime';
import { RingDamagedError } from './errors.ts';
import type { RingContent } from './ring-record.ts';

/** Keys that a hostile sender names must not become one read of the store each. */
const MIN_REFRESH_MS = 1000;

/** The content of a ring as this process knows it, and something made of it once per change. */
export class LiveRing<Made> {
  readonly #load: (signal?: AbortSignal) => Promise<RingContent>;
  readonly #make: (content: RingContent) => Made;
  readonly #clock: Clock;
  #content: RingContent;
  #made: Made;
  #reloading: Promise<boolean> | undefined;
  #last: number;

  constructor(
    content: RingContent,
    make: (content: RingContent) => Made,
    load: (signal?: AbortSignal) => Promise<RingContent>,
    clock: Clock,
  ) {
    this.#load = load;
    this.#make = make;
    this.#clock = clock;
    this.#content = content;
    this.#made = make(content);
    this.#last = clock.monotonic();
  }

  get content(): RingContent {
    return this.#content;
  }

  get made(): Made {
    return this.#made;
  }

  /** Reads the store again; true when the ring had changed. Calls that come together share one read. */
  async reload(signal?: AbortSignal): Promise<boolean> {
    signal?.throwIfAborted();
    this.#reloading ??= this.#read().finally(() => {
      this.#reloading = undefined;
    });
    return await untilAborted(this.#reloading, signal);
  }

  /** As {@link reload}; within a second of the last read the answer is false without one. */
  async refresh(signal?: AbortSignal): Promise<boolean> {
    const due = this.#clock.monotonic() - this.#last >= MIN_REFRESH_MS;
    return due || this.#reloading !== undefined ? await this.reload(signal) : false;
  }

  async #read(): Promise<boolean> {
    this.#last = this.#clock.monotonic();
    const content = await this.#load();
    const { revision } = this.#content;
    if (content.revision < revision) {
      throw new RingDamagedError(
        `ring in the store has revision ${content.revision}, was ${revision}: an old copy was put back`,
      );
    }
    if (content.revision === revision) return false;
    this.#made = this.#make(content);
    this.#content = content;
    return true;
  }
}

/** The result, or the signal's reason when that comes first; the work goes on for the others who wait. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
