import type { FeedHead, FeedSource } from '@sallyport/bus';
import type { Ids } from '@sallyport/runtime';
import { defineRecord, type Key, type Space } from '@sallyport/store';
import { BanConflictError } from '../errors.ts';
import { type Ban, type BanDelta, deltaOf } from './ban.ts';

/**
 * Bans in their space of the store, all in one partition, so that a ban and the version it makes are one commit:
 *
 *   bans / head          → version and epoch of the numbering
 *   bans / n / network   → one ban, gone when it ends
 *   bans / all           index of the networks, by when their ban ends
 *   bans / d / version   → the delta of that version, for an hour
 */
const PARTITION = 'bans';
const HEAD: Key = [PARTITION, 'head'];
const ALL: Key = [PARTITION, 'all'];
const banKey = (network: string): Key => [PARTITION, 'n', network];
const deltaKey = (version: number): Key => [PARTITION, 'd', String(version)];

const heads = defineRecord<FeedHead>({ kind: 'head of the bans', format: 1 });
const records = defineRecord<Ban>({ kind: 'ban', format: 1 });
const deltas = defineRecord<BanDelta>({ kind: 'delta of the bans', format: 1 });

/** How long a reader may have been away and still catch up without reading everything. */
const DELTA_TTL_MS = 3_600_000;
const PAGE = 500;
const ATTEMPTS = 20;
/** The epoch while nobody was ever banned. */
const UNBEGUN = 'unbegun';

type BanTable = ReadonlyMap<string, Ban>;

export interface BanLog extends FeedSource<BanTable, BanDelta> {
  /** The ban of one of `networks` that ends last. */
  find(networks: readonly string[], signal: AbortSignal): Promise<Ban | undefined>;
  /**
   * Writes a ban that ends `forMs` from now, unless one is there by the same rule, or that ends no earlier: then undefined.
   * `BanConflictError` when others wrote again and again.
   */
  add(ban: Ban, forMs: number, signal: AbortSignal): Promise<FeedHead | undefined>;
}

export function banLog(space: Space, ids: Ids): BanLog {
  const head = async (signal: AbortSignal): Promise<FeedHead> => {
    const [entry] = await space.get([HEAD], signal);
    return headOf(heads.read(entry));
  };

  const since = async (at: FeedHead, signal: AbortSignal) => {
    const { epoch, version: last } = await head(signal);
    if (at.epoch !== epoch || at.version > last) return undefined;
    const found: { version: number; delta: BanDelta }[] = [];
    for (let from = at.version + 1; from <= last; from += PAGE) {
      const versions = Array.from({ length: Math.min(PAGE, last - from + 1) }, (_, i) => from + i);
      const entries = await space.get(versions.map(deltaKey), signal);
      for (const [i, version] of versions.entries()) {
        const delta = deltas.read(entries[i]);
        if (delta === undefined) return undefined;
        found.push({ version, delta });
      }
    }
    return found;
  };

  const read = async (networks: readonly string[], signal: AbortSignal) => {
    const entries = await space.get(networks.map(banKey), signal);
    return entries.flatMap((entry) => (entry === undefined ? [] : [records.read(entry)]));
  };

  return {
    head,
    since,
    async snapshot(signal) {
      // The version first: what is read behind it may be newer, and a delta applied twice changes nothing.
      const at = await head(signal);
      const table = new Map<string, Ban>();
      for (let after: { member: string; score: number } | undefined; ; ) {
        const query = { limit: PAGE, ...(after === undefined ? {} : { after }) };
        const members = await space.range(ALL, query, signal);
        const networks = members.map(({ member }) => member);
        if (networks.length > 0) {
          for (const ban of await read(networks, signal)) table.set(ban.network, ban);
        }
        if (members.length < PAGE) return { ...at, value: table };
        after = members.at(-1);
      }
    },
    async find(networks, signal) {
      const found = await read(networks, signal);
      return found.sort((a, b) => b.until - a.until)[0];
    },
    async add(ban, forMs, signal) {
      const key = banKey(ban.network);
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const [headEntry, present] = await space.get([HEAD, key], signal);
        const before = records.read(present);
        if (before?.rule === ban.rule || (before?.until ?? 0) >= ban.until) return undefined;
        const { epoch: known, version: last } = headOf(heads.read(headEntry));
        const epoch = known === UNBEGUN ? ids.next() : known;
        const version = last + 1;
        const committed = await space.commit(
          {
            check: [
              { key: HEAD, version: headEntry?.version },
              { key, version: present?.version },
            ],
            put: [
              heads.put(HEAD, { epoch, version }),
              records.put(key, ban, { ttlMs: forMs }),
              deltas.put(deltaKey(version), deltaOf(ban), { ttlMs: DELTA_TTL_MS }),
            ],
            index: [{ index: ALL, add: ban.network, score: ban.until, ttlMs: forMs }],
          },
          signal,
        );
        if (committed.ok) return { epoch, version };
      }
      throw new BanConflictError(
        `ban of ${ban.network} met ${ATTEMPTS} changes by others, the most that it gives way to`,
      );
    },
  };
}

function headOf(stored: FeedHead | undefined): FeedHead {
  return stored ?? { epoch: UNBEGUN, version: 0 };
}
