import { decodeBatch, type Envelope } from '@sallyport/contracts';
import { systemClock } from '@sallyport/runtime';
import { operatorClient } from '../../infra/cli/src/client/operator.ts';
import { until } from '../world/until.ts';
import type { ClusterWorld } from './cluster-world.ts';

/** The events of one type since the beginning, as soon as they are `enough`. */
export async function eventsOf(
  { cluster, token }: ClusterWorld,
  type: string,
  enough: (events: readonly Envelope[]) => boolean,
): Promise<readonly Envelope[]> {
  const stop = new AbortController();
  const client = operatorClient(
    { url: cluster.api, token },
    { clock: systemClock, signal: stop.signal },
  );
  const events: Envelope[] = [];
  const reading = (async () => {
    for await (const text of client.tail({ types: [type], from: 'all', onLost: () => {} })) {
      events.push(...decodeBatch(text));
    }
  })();
  try {
    await until(() => enough(events), `enough events ${type}`, 20_000);
  } finally {
    stop.abort();
    await reading;
  }
  return events;
}
