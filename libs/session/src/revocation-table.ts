import type { Revocation } from './revocation.ts';

/**
 * What an edge knows of revocations: a snapshot and the deltas behind it. Revocations are never taken back, so taking one
 * twice, or late, or together with those of a store that was emptied since, does no harm: nothing is forgotten before its `until`.
 */
export class RevocationTable {
  readonly #sessions = new Map<string, number>();
  readonly #tags = new Map<string, { epoch: number; until: number }>();

  /** How many revocations are kept. For the metric. */
  get size(): number {
    return this.#sessions.size + this.#tags.size;
  }

  take({ tag, session, epoch = 0, until }: Revocation): void {
    if (session !== undefined) {
      this.#sessions.set(session, Math.max(until, this.#sessions.get(session) ?? 0));
      return;
    }
    const known = this.#tags.get(tag);
    this.#tags.set(tag, {
      epoch: Math.max(epoch, known?.epoch ?? 0),
      until: Math.max(until, known?.until ?? 0),
    });
  }

  /**
   * What the table says of a session: `none`: nothing; `revoked`; `ask`: all older ones of its subject were, but it may be
   * the one that was excepted, which only the epoch in the store says (`sessionStands`).
   */
  judge(session: {
    readonly id: string;
    readonly tag: string;
    readonly epoch: number;
  }): 'none' | 'revoked' | 'ask' {
    if (this.#sessions.has(session.id)) return 'revoked';
    const all = this.#tags.get(session.tag);
    return all !== undefined && session.epoch < all.epoch ? 'ask' : 'none';
  }

  /** Forgets what nobody needs at `now`. In turn with everything there is: to be called every minute or so. */
  prune(now: number): void {
    for (const [id, until] of this.#sessions) if (until <= now) this.#sessions.delete(id);
    for (const [tag, { until }] of this.#tags) if (until <= now) this.#tags.delete(tag);
  }
}
