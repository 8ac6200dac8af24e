/**
 * Whether a session made in epoch `made` is still good when its subject's epoch is `current` (undefined: there is none).
 *
 * Revoking everything sets the epoch to a number greater than any before. A session carries the epoch that was read in the
 * commit that made it, so no clocks are compared: what was made before the revocation carries less, what was made after, in
 * the same millisecond too, carries the same. The epoch has to be kept as long as the longest absolute time-out.
 */
export function epochHolds(made: number, current: number | undefined): boolean {
  return current === undefined || made >= current;
}

/** The epoch that revoking everything sets: the time, or one more than before when time didn't move on. */
export function nextEpoch(current: number | undefined, now: number): number {
  return Math.max(now, (current ?? 0) + 1);
}
