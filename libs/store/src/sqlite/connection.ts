import { Worker } from 'node:worker_threads';
import { type Clock, systemClock } from '@sallyport/runtime';
import {
  StoreClosedError,
  StoreInUseError,
  StoreLayoutError,
  StoreUnavailableError,
} from '../errors.ts';
import type {
  FromWorker,
  Outcome,
  Request,
  ToWorker,
  Verb,
  Verbs,
  WorkerSettings,
} from './protocol.ts';

/** Most requests in a batch, and about the most bytes: copying them to the worker mustn't stall the event loop. */
const BATCH_REQUESTS = 256;
const BATCH_BYTES = 1024 * 1024;

interface Pending {
  readonly request: Request;
  readonly bytes: number;
  /** Monotonic time. */
  readonly deadline: number;
  settle(outcome: Outcome): void;
  fail(reason: unknown): void;
}

/** The way to the worker that owns the file. */
export interface Connection extends AsyncDisposable {
  /** `bytes`: about how much the request carries. */
  ask<V extends Verb>(
    request: Verbs[V][0] & { verb: V },
    signal?: AbortSignal,
    bytes?: number,
  ): Promise<Verbs[V][1]>;
  /** Rejects as every call does when nothing more may be asked. */
  checkOpen(): void;
}

export interface ConnectionOptions extends WorkerSettings {
  readonly clock: Clock;
  readonly deadlineMs: number;
}

/**
 * Starts the worker and waits until it has the file.
 *
 * While the worker is busy with one batch, requests gather for the next: the slower the disk, the more commits share
 * an fsync. Nothing is sent ahead, so a request that is given up while it waits isn't done at all.
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const { path, synchronous, clock, deadlineMs } = options;
  const settings: WorkerSettings = { path, synchronous };
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: settings });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const opened = Promise.withResolvers<void>();
  const queued = new Map<number, Pending>();
  const sent = new Map<number, Pending>();
  const drained = Promise.withResolvers<void>();
  let numbers = 0;
  let idle = true;
  let planned = false;
  let closing = false;
  let broken: StoreUnavailableError | undefined;

  const post = (message: ToWorker) => worker.postMessage(message);

  function flush(): void {
    planned = false;
    if (!idle || broken !== undefined) return;
    const requests: [number, Request][] = [];
    let bytes = 0;
    for (const [id, pending] of queued) {
      if (requests.length === BATCH_REQUESTS || bytes >= BATCH_BYTES) break;
      bytes += pending.bytes;
      requests.push([id, pending.request]);
      queued.delete(id);
      sent.set(id, pending);
    }
    if (requests.length > 0) {
      idle = false;
      post({ now: Math.floor(clock.now()), requests });
    } else if (closing) {
      drained.resolve();
    }
  }

  function plan(): void {
    if (planned) return;
    planned = true;
    queueMicrotask(flush);
  }

  function fail(cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : String(cause);
    broken ??= new StoreUnavailableError(`the thread that owns ${path} is gone: ${reason}`, {
      cause,
    });
    opened.reject(broken);
    for (const waiting of [queued, sent]) {
      for (const pending of waiting.values()) pending.fail(broken);
      waiting.clear();
    }
    drained.resolve();
  }

  worker.on('message', (message: FromWorker) => {
    if ('opened' in message) opened.resolve();
    else if ('refused' in message) opened.reject(refusal(message.refused, message.message));
    else {
      for (const [id, outcome] of message.outcomes) {
        sent.get(id)?.settle(outcome);
        sent.delete(id);
      }
      idle = message.idle;
      if (idle) flush();
    }
  });
  worker.on('error', fail);
  worker.on('exit', (code) => fail(`exit code ${code}`));

  try {
    await opened.promise;
  } catch (error) {
    await worker.terminate();
    throw error;
  }

  // By the machine's clock: a disk that hangs does so in real time, wherever the store's time stands.
  const watch = systemClock.every(Math.min(1_000, deadlineMs), () => {
    const now = systemClock.monotonic();
    const late = new StoreUnavailableError(`no answer from ${path} within ${deadlineMs} ms`);
    for (const waiting of [queued, sent]) {
      for (const [id, pending] of waiting) {
        if (pending.deadline > now) break;
        waiting.delete(id);
        pending.fail(late);
      }
    }
  });

  function checkOpen(): void {
    if (closing) throw new StoreClosedError(`store ${path} is closed`);
    if (broken !== undefined) throw broken;
  }

  return {
    checkOpen,
    async ask<V extends Verb>(request: Verbs[V][0], signal?: AbortSignal, bytes = 0) {
      checkOpen();
      signal?.throwIfAborted();
      numbers += 1;
      const id = numbers;
      const { promise, resolve, reject } = Promise.withResolvers<Verbs[V][1]>();
      queued.set(id, {
        request,
        bytes,
        deadline: systemClock.monotonic() + deadlineMs,
        settle: (outcome) =>
          'error' in outcome
            ? reject(new StoreUnavailableError(`${request.verb} in ${path}: ${outcome.error}`))
            : resolve(outcome.answer as Verbs[V][1]),
        fail: reject,
      });
      plan();
      if (signal === undefined) return promise;
      const abort = () => {
        queued.delete(id);
        reject(signal.reason);
      };
      signal.addEventListener('abort', abort, { once: true });
      try {
        return await promise;
      } finally {
        signal.removeEventListener('abort', abort);
      }
    },
    async [Symbol.asyncDispose]() {
      if (!closing) {
        closing = true;
        plan();
        await drained.promise;
        watch[Symbol.dispose]();
        if (broken === undefined) post('close');
      }
      await exited;
    },
  };
}

function refusal(code: string, message: string): Error {
  if (code === 'SP_ERR_STORE_IN_USE') return new StoreInUseError(message);
  if (code === 'SP_ERR_STORE_LAYOUT') return new StoreLayoutError(message);
  return new StoreUnavailableError(message);
}
