import { type Clock, systemClock } from '@sallyport/runtime';

/** The machine's clock, but that the time of day can be moved. Timers run as always. */
export interface ShiftingClock extends Clock {
  shift(ms: number): void;
}

export function shiftingClock(): ShiftingClock {
  let offset = 0;
  return {
    ...systemClock,
    now: () => systemClock.now() + offset,
    shift(ms) {
      offset += ms;
    },
  };
}
