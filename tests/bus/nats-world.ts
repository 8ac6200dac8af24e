import type { BusWorld } from '@sallyport/bus/conformance';
import { openNatsBus } from '@sallyport/bus/nats';
import { randomIds, systemClock } from '@sallyport/runtime';
import { startNats } from '../world/nats.ts';

const ids = randomIds(systemClock);

/** A nats-server of its own and clients of it. */
export async function openNatsWorld(): Promise<BusWorld> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startNats());
  let clients = 0;
  const owned = stack.move();
  return {
    async connect(options = {}) {
      clients += 1;
      const [source, instance] = [`/trial/${clients}`, `trial-${clients}`];
      const bus = await openNatsBus({
        ...{ servers: server.url, service: 'trial', source, instance, clock: systemClock, ids },
        ...options,
      });
      return owned.use(bus);
    },
    outage: { kill: () => server.kill(), start: () => server.restart() },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
