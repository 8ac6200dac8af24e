import { type Gap, GapTracker } from '@sallyport/bus';
import {
  authDecided,
  type DataOf,
  decodeBatch,
  type Envelope,
  isDropNotice,
} from '@sallyport/contracts';
import { systemClock } from '@sallyport/runtime';
import { operatorClient } from '../../infra/cli/src/client/operator.ts';
import { until } from '../world/until.ts';
import type { ClusterWorld } from './cluster-world.ts';
import type { Logins } from './load-logins.ts';

/** Everything in the stream of events. */
export interface Told {
  readonly events: readonly Envelope[];
  /** Events that are missing; those dropped on purpose have a reason. */
  readonly gaps: readonly Gap[];
  /** Events that are there twice. */
  readonly duplicates: number;
  /** Decisions by their id. */
  readonly decisions: ReadonlyMap<string, DataOf<typeof authDecided>>;
}

const QUIET_MS = 1000;

/** Reads the stream from its beginning, until nothing more comes for a second. */
async function readEvents({ cluster, token }: ClusterWorld): Promise<Told> {
  const stop = new AbortController();
  const client = operatorClient(
    { url: cluster.api, token },
    { clock: systemClock, signal: stop.signal },
  );
  const gaps: Gap[] = [];
  const events: Envelope[] = [];
  let duplicates = 0;
  let heard = performance.now();
  const tracker = new GapTracker({
    now: () => systemClock.monotonic(),
    onGap: (gap) => gaps.push(gap),
  });
  const reading = (async () => {
    for await (const text of client.tail({ types: [], from: 'all', onLost: () => {} })) {
      for (const event of decodeBatch(text)) {
        heard = performance.now();
        if (isDropNotice(event)) tracker.dropped(event.data.of, event);
        else {
          events.push(event);
          if (!tracker.event(event.type, event)) duplicates += 1;
        }
      }
    }
  })();
  const quiet = () => events.length > 0 && performance.now() - heard > QUIET_MS;
  await until(quiet, 'the stream of events comes to its end', 30_000);
  stop.abort();
  await reading;
  tracker.check(0);
  const decisions = new Map(
    events
      .filter(({ type }) => type === authDecided.eventType)
      .map(({ data }) => data as DataOf<typeof authDecided>)
      .map((data) => [data.decision, data]),
  );
  return { events, gaps, duplicates, decisions };
}

/** Reads the stream; again, for at most `withinMs`, while the decision about a login that was accepted isn't there. */
export async function eventsWith(
  world: ClusterWorld,
  logins: Logins,
  withinMs = 15_000,
): Promise<Told & { missing: readonly string[] }> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const told = await readEvents(world);
    const agents = new Set(
      [...told.decisions.values()].flatMap(({ verdict, userAgent }) =>
        verdict === 'accept' ? [userAgent] : [],
      ),
    );
    const missing = [
      ...[...logins.atDoor].flatMap(([decision, client]) => {
        const { verdict, clientId } = told.decisions.get(decision) ?? {};
        return verdict === 'accept' && clientId === client ? [] : [`${client}, ${decision}`];
      }),
      ...[...logins.atEdge].filter((agent) => !agents.has(agent)),
    ];
    if (missing.length === 0 || performance.now() > deadline) return { ...told, missing };
  }
}
