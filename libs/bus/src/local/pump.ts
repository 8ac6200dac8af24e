import { BusClosedError, BusUnavailableError } from '../errors.ts';

/** Fetches and delivers up to `limit` messages; says whether there may be more. */
export type Fetch = (limit: number, stopped: () => boolean) => Promise<boolean>;

/**
 * Fetches whenever it is woken and has room, one fetch at a time. When the journal is away a fetch fails; the wake
 * that comes with its return tries again.
 */
export class Pump {
  readonly #fetch: Fetch;
  #room: number;
  #fetching: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(room: number, fetch: Fetch) {
    this.#room = room;
    this.#fetch = fetch;
  }

  /** A delivery takes a place; settled it gives it back. */
  take(): void {
    this.#room -= 1;
  }

  giveBack(): void {
    this.#room += 1;
    this.wake();
  }

  wake(): void {
    this.#again = true;
    if (this.#fetching === undefined && this.#room > 0 && !this.#stopped) {
      this.#fetching = this.#loop();
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#fetching;
  }

  async #loop(): Promise<void> {
    try {
      while (this.#again && this.#room > 0 && !this.#stopped) {
        this.#again = false;
        if (await this.#fetch(this.#room, () => this.#stopped)) this.#again = true;
      }
    } catch (error) {
      if (!isAway(error)) throw error;
    } finally {
      this.#fetching = undefined;
    }
  }
}

/** The journal is away or closed: nothing to be done here, the message comes again. */
export function isAway(error: unknown): boolean {
  return error instanceof BusUnavailableError || error instanceof BusClosedError;
}
