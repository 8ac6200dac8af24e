import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '@sallyport/runtime';
import { checkSpaceName } from '../arguments.ts';
import { StoreUnavailableError } from '../errors.ts';
import type { Space, Store } from '../ports.ts';
import { type Connection, openConnection } from './connection.ts';
import { openSpace } from './space.ts';

export interface SqliteOptions {
  /** The data file; its folder is made if needed. SQLite keeps a second file beside it, `<path>-wal`. */
  readonly path: string;
  /** The store's time. */
  readonly clock: Clock;
  /**
   * `full` (default): an acknowledged commit survives a power cut. `normal`: it survives the death of the process,
   * but a power cut may take the last ones, whole.
   */
  readonly synchronous?: 'full' | 'normal';
  /** How long a call may wait for its answer, milliseconds of real time. Default 10,000. */
  readonly deadlineMs?: number;
  /** How often expired rows are removed, milliseconds. Default 1,000. They are invisible from their expiry on. */
  readonly sweepMs?: number;
  /** Told when the sweep failed; it is tried again at the next turn. Default: a process warning. */
  readonly onSweepError?: (error: Error) => void;
}

/** Rows of each table that one sweep removes at most: about a millisecond of the worker's time. */
const SWEEP_ROWS = 500;

/**
 * Opens the embedded store: one file, owned by this store alone until it is disposed or its process ends.
 *
 * Rejects with `StoreInUseError` when another has the file open, `StoreLayoutError` when the file isn't a store or was
 * written by a newer version, `StoreUnavailableError` when it can't be opened or made.
 */
export async function openSqliteStore(
  options: SqliteOptions,
  signal?: AbortSignal,
): Promise<Store> {
  const { path, clock, synchronous = 'full', deadlineMs = 10_000, sweepMs = 1_000 } = options;
  const { onSweepError = (error: Error) => process.emitWarning(error) } = options;
  signal?.throwIfAborted();
  await makePrivate(path);
  await using stack = new AsyncDisposableStack();
  const connection = stack.use(await openConnection({ path, synchronous, clock, deadlineMs }));
  const sweeping = stack.use(startSweeping(connection, clock, sweepMs, onSweepError));
  signal?.throwIfAborted();
  stack.move();
  const spaces = new Map<string, Space>();
  return {
    space(name) {
      checkSpaceName(name);
      const space = spaces.get(name) ?? openSpace(name, connection);
      spaces.set(name, space);
      return space;
    },
    async now(signal) {
      connection.checkOpen();
      signal?.throwIfAborted();
      return Math.floor(clock.now());
    },
    [Symbol.asyncDispose]() {
      // Both at once: from now on nothing more may be asked.
      sweeping[Symbol.dispose]();
      return connection[Symbol.asyncDispose]();
    },
  };
}

/**
 * Makes an empty file that only its owner may read; SQLite gives its second file the mode of the first. One that is
 * there isn't opened: closing it again would take the locks of a store in this process off it (POSIX fcntl).
 */
async function makePrivate(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await (await open(path, 'wx', 0o600)).close();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw new StoreUnavailableError(`can't make ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** Sweeps every `everyMs`, slice after slice while there is more, never two at a time. */
function startSweeping(
  connection: Connection,
  clock: Clock,
  everyMs: number,
  onError: (error: Error) => void,
): Disposable {
  const stopped = new AbortController();
  let sweeping = false;

  async function sweep(): Promise<void> {
    if (sweeping) return;
    sweeping = true;
    try {
      let gone: number;
      do {
        gone = await connection.ask({ verb: 'sweep', limit: SWEEP_ROWS }, stopped.signal);
      } while (gone >= SWEEP_ROWS);
    } catch (error) {
      if (!stopped.signal.aborted) onError(error as Error);
    } finally {
      sweeping = false;
    }
  }

  const timer = clock.every(everyMs, () => void sweep());
  return {
    [Symbol.dispose]() {
      timer[Symbol.dispose]();
      stopped.abort();
    },
  };
}
