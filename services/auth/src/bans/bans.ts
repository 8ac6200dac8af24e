import { type Bus, type FeedOwner, followFeed, ownFeed } from '@sallyport/bus';
import { bans as feed } from '@sallyport/contracts';
import type { Clock, Ids, Logger } from '@sallyport/runtime';
import type { Space } from '@sallyport/store';
import { type Ban, banOf, deltaOf } from './ban.ts';
import { banLog } from './ban-log.ts';

/** Who is banned: what this process has heard, and what the store says. */
export interface Bans extends AsyncDisposable {
  /** A ban of one of `networks` that was heard of and hasn't ended. Asks nobody. */
  known(networks: readonly string[]): Ban | undefined;
  /** The ban of one of `networks` by the store. */
  stored(networks: readonly string[], signal: AbortSignal): Promise<Ban | undefined>;
  /** Bans a network and tells the readers of the feed; false when it was banned already, by this rule or for as long. */
  add(
    ban: { readonly network: string; readonly rule: string; readonly forMs: number },
    signal: AbortSignal,
  ): Promise<boolean>;
}

export interface BansOptions {
  /** The space `bans`. */
  readonly space: Space;
  readonly feeds: Bus['feeds'];
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
}

/** How often ended bans are forgotten. */
const SWEEP_MS = 60_000;

/**
 * Owns the feed `bans` and follows it: several instances ban, each knows what the others did. A ban that is known holds
 * until it ends, whether or not the store or the bus are there.
 */
export async function openBans(options: BansOptions): Promise<Bans> {
  const { space, feeds, clock, ids, logger } = options;
  await using stack = new AsyncDisposableStack();
  const source = banLog(space, ids);
  const table = new Map<string, Ban>();
  const adding = new Map<string, Promise<boolean>>();
  const owner: FeedOwner<typeof feed> = stack.use(
    ownFeed({
      ...{ feed, feeds, source, clock },
      onError: (error) => logger.warn('no heartbeat on the feed of bans', { error }),
    }),
  );
  stack.use(
    await followFeed({
      ...{ feed, feeds, source, clock },
      reset(value) {
        table.clear();
        for (const [network, ban] of value) table.set(network, ban);
      },
      apply(delta) {
        const ban = banOf(delta);
        if (ban === undefined) table.delete(delta.network);
        else table.set(ban.network, ban);
      },
      onError: (error) => logger.warn('the bans could not be read', { error }),
    }),
  );
  stack.use(
    clock.every(SWEEP_MS, () => {
      const now = clock.now();
      for (const [network, { until }] of table) if (until <= now) table.delete(network);
    }),
  );

  const write = async (ban: Ban, forMs: number, signal: AbortSignal) => {
    const head = await source.add(ban, forMs, signal);
    if (head === undefined) return false;
    owner.announce(head, deltaOf(ban));
    return true;
  };

  const owned = stack.move();
  return {
    known(networks) {
      const now = clock.now();
      const found = networks.flatMap((network) => table.get(network) ?? []);
      return found.find(({ until }) => until > now);
    },
    stored: (networks, signal) => source.find(networks, signal),
    async add({ network, rule, forMs }, signal) {
      // Many guesses end at once; one of them writes.
      const name = `${network} ${rule}`;
      const other = adding.get(name);
      if (other !== undefined) {
        await other;
        return false;
      }
      const writing = write({ network, rule, until: clock.now() + forMs }, forMs, signal);
      adding.set(name, writing);
      try {
        return await writing;
      } finally {
        adding.delete(name);
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
