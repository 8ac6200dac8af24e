import { Worker } from 'node:worker_threads';
import { PasswordWorkerError } from './errors.ts';
import type { Done, Order } from './thread.ts';

/** Threads that compute; as many as were ever busy at once. Whoever asks bounds that. */
export interface Threads extends AsyncDisposable {
  /** Rejects with `PasswordWorkerError` when the thread failed, died, or was ended by disposal. */
  compute(order: Order): Promise<string>;
}

/** Hashing needs next to no heap: a thread that wants more has gone wrong and dies alone. */
const RESOURCES = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 };

export function createThreads(): Threads {
  const all = new Set<Worker>();
  const idle: Worker[] = [];

  function start(): Worker {
    const worker = new Worker(new URL('./thread.ts', import.meta.url), {
      resourceLimits: RESOURCES,
    });
    all.add(worker);
    const gone = () => {
      all.delete(worker);
      const at = idle.indexOf(worker);
      if (at !== -1) idle.splice(at, 1);
    };
    worker.on('error', gone);
    worker.on('exit', gone);
    return worker;
  }

  return {
    async compute(order) {
      const worker = idle.pop() ?? start();
      const { promise, resolve, reject } = Promise.withResolvers<Done>();
      const exited = (code: number) =>
        reject(new PasswordWorkerError(`thread ended with code ${code} while it computed`));
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', exited);
      // A thread with nothing to do doesn't keep the process alive.
      worker.ref();
      worker.postMessage(order);
      try {
        const done = await promise;
        if ('error' in done) throw done.error;
        return done.text;
      } catch (cause) {
        if (cause instanceof PasswordWorkerError) throw cause;
        throw new PasswordWorkerError(`thread failed at ${order.work.kind}`, { cause });
      } finally {
        worker.off('message', resolve);
        worker.off('error', reject);
        worker.off('exit', exited);
        if (all.has(worker)) {
          worker.unref();
          idle.push(worker);
        }
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...all].map((worker) => worker.terminate()));
    },
  };
}
