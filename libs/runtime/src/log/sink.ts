import { write } from 'node:fs';
import { type Clock, systemClock } from '../clock.ts';

/** Where log lines go. */
export interface LogSink {
  /** Takes one line, its newline included. Never throws, never blocks. */
  write(line: string): void;
  /** Resolves when everything taken so far was handed on, given up, or `signal` aborted. */
  flush(signal: AbortSignal): Promise<void>;
}

/** How much may wait for a slow reader before lines are dropped. */
const MOST_WAITING = 8 * 1024 * 1024;
const RETRY_MS = 20;

/**
 * A file descriptor, by default stdout. Writes are asynchronous, so that a reader that stopped reading doesn't
 * stop the event loop with it; what doesn't fit the buffer is dropped and counted in a line of its own. When the
 * reader is gone (EPIPE) the sink goes silent: an error about a log line must not become a log line.
 */
export function descriptorSink({
  fd = 1,
  mostWaiting = MOST_WAITING,
  clock = systemClock,
}: {
  fd?: number;
  mostWaiting?: number;
  clock?: Clock;
} = {}): LogSink {
  let queue: string[] = [];
  let waiting = 0;
  let dropped = 0;
  let gone = false;
  let pumping: Promise<void> | undefined;

  const pump = async (): Promise<void> => {
    while (queue.length > 0 && !gone) {
      const chunk = Buffer.from(queue.join(''));
      const lines = queue.length;
      queue = [];
      const failure = await writeAll(fd, chunk, clock);
      waiting = queue.reduce((sum, line) => sum + line.length, 0);
      if (failure === 'EPIPE' || failure === 'EBADF') gone = true;
      else if (failure !== undefined) dropped += lines;
      if (dropped > 0 && failure === undefined) {
        const time = new Date(clock.now()).toISOString();
        queue.push(
          `${JSON.stringify({ level: 'warn', time, msg: 'log lines dropped', dropped })}\n`,
        );
        dropped = 0;
      }
    }
    pumping = undefined;
  };

  return {
    write(line) {
      if (gone) return;
      if (waiting + line.length > mostWaiting) {
        dropped += 1;
        return;
      }
      queue.push(line);
      waiting += line.length;
      pumping ??= pump();
    },
    async flush(signal) {
      if (pumping === undefined || signal.aborted) return;
      const aborted = Promise.withResolvers<void>();
      const abort = () => aborted.resolve();
      signal.addEventListener('abort', abort, { once: true });
      await Promise.race([pumping, aborted.promise]);
      signal.removeEventListener('abort', abort);
    },
  };
}

/** Writes the whole chunk; the errno when it can't. A full non-blocking pipe is tried again. */
async function writeAll(fd: number, chunk: Buffer, clock: Clock): Promise<string | undefined> {
  let offset = 0;
  while (offset < chunk.length) {
    const result = await writeSome(fd, chunk, offset);
    if (typeof result === 'number') offset += result;
    else if (result === 'EAGAIN') await clock.sleep(RETRY_MS);
    else return result;
  }
  return undefined;
}

function writeSome(fd: number, chunk: Buffer, offset: number): Promise<number | string> {
  const { promise, resolve } = Promise.withResolvers<number | string>();
  write(fd, chunk, offset, chunk.length - offset, null, (error, written) =>
    resolve(error === null ? written : (error.code ?? 'EIO')),
  );
  return promise;
}
