import type { certsObtain, ReplyOf } from '@sallyport/contracts';

/** What a handshake is told: the answer of the rpc `certs.obtain`. */
export type Outcome = ReplyOf<typeof certsObtain>;

/** `until`: asking again before is useless, milliseconds since the epoch. */
export function refused(reason: string, until?: number): Outcome {
  return {
    ...{ outcome: 'refused', reason },
    ...(until === undefined ? {} : { retryAfter: new Date(until).toISOString() }),
  };
}
