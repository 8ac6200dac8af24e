import { Worker } from 'node:worker_threads';
import type { Clock } from '@sallyport/runtime';
import { BusClosedError, BusInUseError, BusUnavailableError } from '../errors.ts';
import type { JournalSettings, Op, Outcome, Report, Result } from './journal-format.ts';

/** Starts the thread. Passed in, so that a test can lose it. */
export type Spawn = (settings: JournalSettings) => Promise<Worker>;

export const spawnThread: Spawn = async (settings) =>
  new Worker(new URL('./journal-thread.ts', import.meta.url), { workerData: settings });

const RESPAWN_MS = 50;

interface Call {
  readonly op: Op;
  readonly settle: (outcome: Outcome) => void;
  readonly fail: (error: Error) => void;
}

/**
 * The way to the journal's thread. Calls of one turn of the loop, and of the time in which a transaction is on its
 * way, go as one transaction: one fsync for all of them. A thread that dies is started again on the same file.
 */
export class Journal implements AsyncDisposable {
  readonly #settings: Omit<JournalSettings, 'fresh'>;
  readonly #spawn: Spawn;
  readonly #clock: Clock;
  readonly #onConnection: (connected: boolean) => void;
  #worker: Worker | undefined;
  #waiting: Call[] = [];
  #sent: Call[] = [];
  #scheduled = false;
  #closing = false;
  #idle: (() => void) | undefined;

  private constructor(
    settings: Omit<JournalSettings, 'fresh'>,
    spawn: Spawn,
    clock: Clock,
    onConnection: (connected: boolean) => void,
  ) {
    this.#settings = settings;
    this.#spawn = spawn;
    this.#clock = clock;
    this.#onConnection = onConnection;
  }

  /** Opens the file; `BusInUseError` when another process has it, `BusUnavailableError` when it can't be used. */
  static async open(
    settings: Omit<JournalSettings, 'fresh'>,
    spawn: Spawn,
    clock: Clock,
    onConnection: (connected: boolean) => void,
  ): Promise<Journal> {
    const journal = new Journal(settings, spawn, clock, onConnection);
    await journal.#start(true);
    return journal;
  }

  get connected(): boolean {
    return this.#worker !== undefined;
  }

  /** Does one op. `BusUnavailableError`: it may have been done or not. */
  call<O extends Op>(op: O): Promise<Result<O>> {
    if (this.#closing) return Promise.reject(new BusClosedError(`${op.op} after the bus closed`));
    if (this.#worker === undefined) {
      return Promise.reject(new BusUnavailableError(`${op.op} refused: the journal is away`));
    }
    return new Promise((resolve, reject) => {
      const settle = (outcome: Outcome) => {
        if ('value' in outcome) resolve(outcome.value as Result<O>);
        else reject(new BusUnavailableError(`journal: ${outcome.error}`));
      };
      this.#waiting.push({ op, settle, fail: reject });
      this.#schedule();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    const worker = this.#worker;
    if (worker === undefined) return;
    if (this.#sent.length > 0 || this.#waiting.length > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#idle = resolve;
      await promise;
    }
    if (this.#worker === undefined) return;
    const exited = new Promise((resolve) => worker.once('exit', resolve));
    worker.postMessage('close');
    await exited;
  }

  async #start(fresh: boolean): Promise<void> {
    const worker = await this.#spawn({ ...this.#settings, fresh });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let fault: unknown;
    worker.on('error', (error) => {
      fault = error;
    });
    worker.on('exit', (code) => {
      reject(new BusUnavailableError(`the journal's thread ended with ${code}`, { cause: fault }));
      if (this.#worker === worker) this.#lost(fault);
    });
    worker.on('message', (report: Report) => {
      if (report.kind === 'done') this.#done(report.outcomes);
      else if (report.kind === 'ready') resolve();
      else {
        const text = `${this.#settings.path}: ${report.message}`;
        reject(report.inUse ? new BusInUseError(text) : new BusUnavailableError(text));
      }
    });
    await promise;
    this.#worker = worker;
  }

  #schedule(): void {
    if (this.#scheduled || this.#sent.length > 0 || this.#waiting.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#worker === undefined || this.#waiting.length === 0) return;
      this.#sent = this.#waiting;
      this.#waiting = [];
      this.#worker.postMessage(this.#sent.map(({ op }) => op));
    });
  }

  #done(outcomes: readonly Outcome[]): void {
    const calls = this.#sent;
    this.#sent = [];
    calls.forEach((call, at) => {
      call.settle(outcomes[at] as Outcome);
    });
    this.#schedule();
    if (this.#sent.length === 0 && this.#waiting.length === 0) this.#idle?.();
  }

  #lost(cause: unknown): void {
    this.#worker = undefined;
    const error = new BusUnavailableError("the journal's thread was lost", { cause });
    const calls = [...this.#sent.splice(0), ...this.#waiting.splice(0)];
    for (const { fail } of calls) fail(error);
    this.#idle?.();
    if (this.#closing) return;
    this.#onConnection(false);
    void this.#respawn();
  }

  async #respawn(): Promise<void> {
    while (!this.#closing) {
      try {
        await this.#start(false);
        this.#onConnection(true);
        return;
      } catch (error) {
        if (!(error instanceof BusUnavailableError || error instanceof BusInUseError)) throw error;
        await this.#clock.sleep(RESPAWN_MS);
      }
    }
  }
}
