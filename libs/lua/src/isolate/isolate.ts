import { Worker } from 'node:worker_threads';
import type { Limits } from '../budget.ts';
import { LuaStopError } from '../errors.ts';
import type { Mode } from '../runtime.ts';
import type { LuaValue } from '../value.ts';
import { errorOf, failureOf } from './failure.ts';
import { type FromWorker, pack, type ToWorker, unpack, type WorkerSetup } from './wire.ts';

/** What a host function of an isolate knows about the run that calls it. */
export interface IsolateContext {
  /** As given to `run`. */
  readonly data: unknown;
  /** Aborts when the run ends before the function has answered. */
  readonly signal: AbortSignal;
}

/** A function of the host: its arguments and results are copies, so only plain values and tables cross. */
export type IsolateFunction = (
  context: IsolateContext,
  args: LuaValue[],
) => LuaValue[] | Promise<LuaValue[]>;

export interface IsolateOptions {
  readonly mode?: Mode;
  /** Mebibytes of JavaScript heap; 64 by default. A script that needs more ends with everything else in the isolate. */
  readonly memoryMb?: number;
  /** Host functions by their name in Lua; `redis.get` is a field of a table. */
  readonly functions?: Readonly<Record<string, IsolateFunction>>;
  /** Finds sources for `require`, `loadfile` and `dofile`. */
  readonly resolve?: (path: string) => string | undefined | Promise<string | undefined>;
  readonly path?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether there is `io`, with streams only. */
  readonly io?: boolean;
}

export interface IsolateRun {
  /** The chunk's name in messages, as `compile` takes it. */
  readonly name?: string;
  /** A global function to call after the chunk has run; its results are the run's. */
  readonly entry?: string;
  /** For the entry function, or the chunk when there is none. */
  readonly args?: LuaValue[];
  readonly limits?: Limits;
  readonly signal?: AbortSignal;
  readonly data?: unknown;
  /** Takes what `print` writes. */
  readonly print?: (text: string) => void;
}

/** Milliseconds after which a worker that doesn't notice its own limits is ended. */
const GRACE = 1000;
/** The same while the worker starts, which takes longer on a busy machine. */
const START = 30_000;
const RESOLVE = '\0resolve';

interface Running {
  readonly options: IsolateRun;
  readonly controller: AbortController;
  readonly settle: (end: () => void) => void;
  readonly resolve: (values: LuaValue[]) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A Lua engine in a worker thread with a memory limit that holds. Each run has an environment of its own; many may run at once. When the limit is passed
 * every run in the isolate is rejected with `LuaStopError` (`memory`), and the next one starts a new worker.
 */
export class Isolate implements AsyncDisposable {
  readonly #options: IsolateOptions;
  readonly #runs = new Map<number, Running>();
  #worker: Worker | undefined;
  #last = 0;
  #watchdog: NodeJS.Timeout | undefined;
  #alive = true;
  /** The worker has said that it runs. */
  #ready = false;
  #closed = false;

  constructor(options: IsolateOptions = {}) {
    this.#options = options;
  }

  /** Runs a source, a byte string, in a fresh environment. */
  run(source: string, options: IsolateRun = {}): Promise<LuaValue[]> {
    if (this.#closed) return Promise.reject(new Error('isolate is closed'));
    if (options.signal?.aborted) return Promise.reject(aborted(options.signal));
    this.#last += 1;
    const id = this.#last;
    this.#worker ??= this.#start();
    const { promise, resolve, reject } = Promise.withResolvers<LuaValue[]>();
    const abort = (): void => this.#send({ type: 'abort', id });
    const limits = options.limits ?? {};
    const controller = new AbortController();
    const settle = (end: () => void): void => {
      if (!this.#runs.delete(id)) return;
      if (this.#runs.size === 0) clearTimeout(this.#watchdog);
      options.signal?.removeEventListener('abort', abort);
      controller.abort();
      end();
    };
    this.#runs.set(id, { options, controller, settle, resolve, reject });
    options.signal?.addEventListener('abort', abort, { once: true });
    this.#send({
      type: 'run',
      id,
      source,
      name: options.name ?? source,
      entry: options.entry,
      args: pack(options.args ?? []),
      limits,
    });
    if (this.#runs.size === 1) this.#watch();
    return promise;
  }

  /**
   * Asks the worker for a sign of life, and ends it when none has come after all the time that its runs may compute. A script's own limits work
   * inside the worker; this is for what they don't see.
   */
  #watch(): void {
    clearTimeout(this.#watchdog);
    let patience = this.#ready ? GRACE : START;
    for (const { options } of this.#runs.values()) {
      patience += options.limits?.cpu ?? options.limits?.timeout ?? Number.POSITIVE_INFINITY;
    }
    if (this.#runs.size === 0) return;
    if (patience === Number.POSITIVE_INFINITY) {
      this.#watchdog = setTimeout(() => this.#watch(), GRACE).unref();
      return;
    }
    const worker = this.#worker;
    this.#alive = false;
    this.#send({ type: 'ping' });
    this.#watchdog = setTimeout(() => {
      if (this.#alive || worker === undefined) this.#watch();
      else this.#giveUp(worker, patience);
    }, patience);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#worker = undefined;
    clearTimeout(this.#watchdog);
    this.#rejectAll(new LuaStopError('aborted', 'isolate was closed'));
    await worker?.terminate();
  }

  #start(): Worker {
    this.#ready = false;
    const { mode, memoryMb, functions, path, env, resolve, io } = this.#options;
    const setup: WorkerSetup = {
      mode: mode ?? 'puc',
      hosts: Object.keys(functions ?? {}),
      env: env ?? {},
      path,
      resolves: resolve !== undefined,
      io: io === true,
    };
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: setup,
      // Nothing of the process's environment is to be seen in there.
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: memoryMb ?? 64, maxYoungGenerationSizeMb: 16 },
    });
    worker.on('message', (message: FromWorker) => {
      if (this.#worker === worker) this.#receive(message);
    });
    worker.on('error', (error: Error & { code?: string }) => this.#lose(worker, error));
    worker.on('exit', () => this.#lose(worker, new Error('isolate ended unexpectedly')));
    return worker;
  }

  #lose(worker: Worker, error: Error & { code?: string }): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const memory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    const limit = this.#options.memoryMb ?? 64;
    this.#rejectAll(
      memory ? new LuaStopError('memory', `isolate took more than ${limit} MiB`, error) : error,
    );
  }

  /** A worker that computes past its limits without noticing: nothing but ending it helps. */
  #giveUp(worker: Worker, ms: number): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#rejectAll(new LuaStopError('deadline', `isolate gave no sign of life for ${ms} ms`));
    worker.terminate().catch(() => {
      // It is gone already.
    });
  }

  #rejectAll(error: Error): void {
    for (const run of [...this.#runs.values()]) run.settle(() => run.reject(error));
  }

  #send(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #receive(message: FromWorker): void {
    this.#alive = true;
    if (message.type === 'alive') {
      if (this.#ready) return;
      this.#ready = true;
      this.#watch();
      return;
    }
    const run = this.#runs.get(message.id);
    if (run === undefined) return;
    switch (message.type) {
      case 'print':
        run.options.print?.(message.text);
        break;
      case 'host':
        void this.#answer(run, message);
        break;
      case 'done':
        run.settle(() => run.resolve(unpack(message.result)));
        break;
      case 'failed':
        run.settle(() => run.reject(errorOf(message.failure)));
        break;
    }
  }

  async #answer(run: Running, message: Extract<FromWorker, { type: 'host' }>): Promise<void> {
    const { call, name } = message;
    try {
      const args = unpack(message.args);
      const result = await this.#callHost(run, name, args);
      this.#send({ type: 'settled', call, result: pack(result) });
    } catch (error) {
      this.#send({ type: 'failed', call, failure: failureOf(error) });
    }
  }

  async #callHost(run: Running, name: string, args: LuaValue[]): Promise<LuaValue[]> {
    if (name === RESOLVE) return [await this.#options.resolve?.(String(args[0]))];
    const { functions } = this.#options;
    const fn =
      functions !== undefined && Object.hasOwn(functions, name) ? functions[name] : undefined;
    if (fn === undefined) throw new Error(`isolate has no function '${name}'`);
    return fn({ data: run.options.data, signal: run.controller.signal }, args);
  }
}

function aborted(signal: AbortSignal): LuaStopError {
  return new LuaStopError('aborted', 'script was aborted by its caller', signal.reason);
}
