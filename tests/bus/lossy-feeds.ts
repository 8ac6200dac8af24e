import type { Feeds } from '@sallyport/bus';
import type { Clock } from '@sallyport/runtime';

/** What becomes of one message on its way to one reader: how often it arrives, and how late. */
export interface Fate {
  readonly copies: number;
  readonly delayMs: number;
}

/** A feed's transport that loses, doubles, delays and so reorders as it is told, or passes nothing at all. */
export class LossyFeeds implements Feeds {
  readonly #clock: Clock;
  readonly #fate: () => Fate;
  readonly #listeners = new Set<(message: Uint8Array) => void>();
  cut = false;
  healed = false;

  constructor(clock: Clock, fate: () => Fate) {
    this.#clock = clock;
    this.#fate = fate;
  }

  send(_feed: unknown, message: Uint8Array): void {
    if (this.cut) return;
    for (const listener of this.#listeners) {
      const { copies, delayMs } = this.healed ? { copies: 1, delayMs: 0 } : this.#fate();
      for (let copy = 0; copy < copies; copy += 1) {
        void this.#clock.sleep(delayMs * (copy + 1)).then(() => {
          if (this.#listeners.has(listener)) listener(message.slice());
        });
      }
    }
  }

  async listen(_feed: unknown, onMessage: (message: Uint8Array) => void) {
    const listener = (message: Uint8Array) => onMessage(message);
    this.#listeners.add(listener);
    return { [Symbol.asyncDispose]: async () => void this.#listeners.delete(listener) };
  }
}
