import type { Clock, Logger } from '@sallyport/runtime';
import type { Judgement, Space, Window } from '@sallyport/store';
import type { Bans } from '../../bans/bans.ts';
import type { BruteForceRule } from '../../config.ts';
import type { Login } from '../../login.ts';
import { inNetwork, type Network } from '../../network.ts';
import type { FailPolicy, Stage } from '../stage.ts';
import { type Bucket, bucketsOf } from './rules.ts';

type BruteForceAnswer =
  | { readonly outcome: 'pass' }
  /** `detail` is the rule. */
  | { readonly outcome: 'reject'; readonly detail: string; readonly retryAfterMs: number };

/** Counts wrong logins by network, and refuses networks that had too many. */
export interface BruteForce extends Stage {
  /**
   * Before anything else is asked: is the client's network banned, or over its limit? Counts nothing. Bans that this
   * process knows hold while the store is away; for the rest it rejects then.
   */
  check(login: Login, signal: AbortSignal): Promise<BruteForceAnswer>;
  /** Counts a wrong login, and bans the networks for which it was one too many. */
  count(login: Login, signal: AbortSignal): Promise<void>;
}

export interface BruteForceOptions {
  /** The space `auth`. */
  readonly space: Pick<Space, 'hit'>;
  readonly bans: Bans;
  readonly rules: readonly BruteForceRule[];
  readonly exempt: readonly Network[];
  readonly onFailure: FailPolicy;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * A bucket is full once `limit` wrong logins are in its window: that many passwords were tried, and the next isn't looked at.
 * Questions in flight when it becomes full may overshoot.
 */
export function createBruteForce(options: BruteForceOptions): BruteForce {
  const { space, bans, rules, exempt, onFailure, clock, logger } = options;

  const buckets = ({ address }: Login): Bucket[] =>
    exempt.some((network) => inNetwork(address, network)) ? [] : bucketsOf(rules, address);

  const full = (all: readonly Bucket[], judged: readonly Judgement[]) =>
    all.flatMap((bucket, i) => {
      const judgement = judged[i] as Judgement;
      return judgement.count >= bucket.rule.limit ? [{ bucket, judgement }] : [];
    });

  const ban = async ({ rule, network }: Bucket, signal: AbortSignal) => {
    if (await bans.add({ network, rule: rule.name, forMs: rule.ban_time }, signal)) {
      logger.warn('network banned', { network, rule: rule.name, forMs: rule.ban_time });
    }
  };

  return {
    name: 'network',
    onFailure,
    async check(login, signal) {
      const all = buckets(login);
      if (all.length === 0) return { outcome: 'pass' };
      const networks = all.map(({ network }) => network);
      const known = bans.known(networks);
      if (known !== undefined) return refuse(known.rule, known.until - clock.now());
      const [banned, judged] = await Promise.all([
        bans.stored(networks, signal),
        space.hit(
          all.map((bucket) => window(bucket, 0)),
          signal,
        ),
      ]);
      if (banned !== undefined) return refuse(banned.rule, banned.until - clock.now());
      const [over] = full(all, judged);
      if (over === undefined) return { outcome: 'pass' };
      // Full and not banned: whoever counted the last one died before the ban, or the ban has ended and the window hasn't.
      await ban(over.bucket, signal);
      return refuse(over.bucket.rule.name, over.judgement.retryAfterMs);
    },
    async count(login, signal) {
      const all = buckets(login);
      if (all.length === 0) return;
      const judged = await space.hit(
        all.map((bucket) => window(bucket, 1)),
        signal,
      );
      for (const { bucket } of full(all, judged)) await ban(bucket, signal);
    },
  };
}

function refuse(rule: string, retryAfterMs: number): BruteForceAnswer {
  return { outcome: 'reject', detail: rule, retryAfterMs: Math.max(0, Math.ceil(retryAfterMs)) };
}

/** All windows of a network are one partition; the store judges "fewer than `limit`", as the limit itself is too many. */
function window({ rule, network }: Bucket, cost: 0 | 1): Window {
  return {
    key: [`failures ${network}`, rule.name],
    ...{ periodMs: rule.period, limit: rule.limit - 1, cost },
  };
}
