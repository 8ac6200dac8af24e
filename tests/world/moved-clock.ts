import { type Clock, systemClock } from '@sallyport/runtime';

/** The machine's clock, but that the test moves the time of day, while timers run as always: hours pass without a thousand heartbeats. */
export interface MovedClock extends Clock {
  advance(ms: number): void;
  /** From now on the time of day moves by {@link advance} only. */
  freeze(): void;
}

/** Stands still at `start`; without it, it goes on from the present time. */
export function movedClock(start?: number): MovedClock {
  let offset = 0;
  let frozen = start;
  return {
    ...systemClock,
    now: () => (frozen ?? systemClock.now()) + offset,
    advance(ms) {
      offset += ms;
    },
    freeze() {
      frozen = systemClock.now();
    },
  };
}
