import { systemClock } from '@sallyport/runtime';
import type { ClusterWorld, EdgeName, Visit, VisitOptions } from './cluster-world.ts';
import { EDGE_NAMES } from './load-site.ts';

/** Sends visits to the edges in turn, as a balancer does: only where `/readyz` says so. */
export interface Balancer extends AsyncDisposable {
  /** Goes on to the other edge when nothing listens at the first; whatever else goes wrong is the client's to see. */
  visit(options?: VisitOptions): Promise<Visit>;
  isReady(edge: EdgeName): boolean;
}

const PROBE_MS = 50;

export function balance({ cluster, visit }: ClusterWorld): Balancer {
  const ready = new Map<EdgeName, boolean>();
  const stop = new AbortController();
  const probing = EDGE_NAMES.map(async (edge) => {
    while (!stop.signal.aborted) {
      const asked = fetch(`${cluster.probe(edge)}/readyz`, { signal: AbortSignal.timeout(1000) });
      ready.set(
        edge,
        await asked.then(
          ({ ok }) => ok,
          () => false,
        ),
      );
      await systemClock.sleep(PROBE_MS, stop.signal).catch(() => {});
    }
  });
  let turn = 0;
  return {
    isReady: (edge) => ready.get(edge) === true,
    async visit(options) {
      turn += 1;
      const order = [EDGE_NAMES[turn % 2], EDGE_NAMES[(turn + 1) % 2]] as EdgeName[];
      const [first, second] = order.toSorted(
        (a, b) => Number(ready.get(b) ?? true) - Number(ready.get(a) ?? true),
      ) as [EdgeName, EdgeName];
      try {
        return await visit(first, options);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error;
        return visit(second, options);
      }
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(probing);
    },
  };
}
