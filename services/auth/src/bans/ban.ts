import type { bans, DataOf } from '@sallyport/contracts';

/** A network that may not log in until a moment. */
export interface Ban {
  /** CIDR, canonical. */
  readonly network: string;
  /** Name of the rule that banned it. */
  readonly rule: string;
  /** When it ends, milliseconds since the epoch. */
  readonly until: number;
}

/** What a message of the feed `bans` says; without an end the ban was lifted. */
export type BanDelta = DataOf<typeof bans>;

export function deltaOf({ network, rule, until }: Ban): BanDelta {
  return { network, rule, until: new Date(until).toISOString() };
}

export function banOf({ network, rule, until }: BanDelta): Ban | undefined {
  return until === undefined ? undefined : { network, rule, until: Date.parse(until) };
}
