import { type Clock, systemClock } from '@sallyport/runtime';

/** The machine's clock, but that the time of day can be moved, and stopped. Timers run as always. */
export interface ShiftingClock extends Clock {
  shift(ms: number): void;
  /** From now on the time of day moves by shifting only. */
  freeze(): void;
}

export function shiftingClock(): ShiftingClock {
  let offset = 0;
  let frozen: number | undefined;
  return {
    ...systemClock,
    now: () => (frozen ?? systemClock.now()) + offset,
    shift(ms) {
      offset += ms;
    },
    freeze() {
      frozen = systemClock.now();
    },
  };
}
