import type { Readable, Writable } from 'node:stream';

/** Bytes on their way from one stream to another. */
export interface Pump {
  /** What came last has been handed over. */
  readonly done: boolean;
  /** Whether the receiving end is what everything waits for. */
  readonly blocked: boolean;
  /** Ends it; the source stays paused. */
  stop(): void;
}

/**
 * Copies with back-pressure until `from` ends, then calls `ended`, which ends `to`. Neither stream's errors are its business.
 * `count` gets the size of each piece; false stops the copying.
 */
export function pump(
  from: Readable,
  to: Writable,
  ended: () => void,
  count?: (bytes: number) => boolean,
): Pump {
  let done = false;
  let blocked = false;
  const onData = (chunk: Buffer) => {
    if (count?.(chunk.length) === false) {
      stop();
      return;
    }
    if (to.write(chunk)) return;
    blocked = true;
    from.pause();
  };
  const onDrain = () => {
    blocked = false;
    from.resume();
  };
  const onEnd = () => {
    done = true;
    stop();
    ended();
  };
  const stop = () => {
    from.off('data', onData);
    from.off('end', onEnd);
    to.off('drain', onDrain);
    if (!done) from.pause();
  };
  from.on('end', onEnd);
  to.on('drain', onDrain);
  from.on('data', onData);
  return {
    get done() {
      return done;
    },
    get blocked() {
      return blocked;
    },
    stop,
  };
}
