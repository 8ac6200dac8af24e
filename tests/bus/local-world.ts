import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import type { BusWorld } from '@sallyport/bus/conformance';
import { openLocalHub, spawnThread } from '@sallyport/bus/local';
import { randomIds, systemClock } from '@sallyport/runtime';
import { tempDir } from '../world/program.ts';

const ids = randomIds(systemClock);

/** The local bus on a file of its own, with a journal thread that can be lost. */
export async function openLocalWorld(): Promise<BusWorld> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await tempDir());
  let thread: Worker | undefined;
  let allowed = Promise.withResolvers<void>();
  allowed.resolve();
  const hub = stack.use(
    await openLocalHub({
      path: join(dir.path, 'bus.db'),
      clock: systemClock,
      spawn: async (settings) => {
        await allowed.promise;
        thread = await spawnThread(settings);
        return thread;
      },
    }),
  );
  // If a test left it killed: let it come back, so that disposal can end.
  stack.defer(() => allowed.resolve());
  let clients = 0;
  const owned = stack.move();
  return {
    async connect(options = {}) {
      clients += 1;
      const [source, instance] = [`/trial/${clients}`, `trial-${clients}`];
      return owned.use(hub.connect({ source, instance, clock: systemClock, ids, ...options }));
    },
    outage: {
      async kill() {
        allowed = Promise.withResolvers();
        await thread?.terminate();
      },
      start: async () => allowed.resolve(),
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
