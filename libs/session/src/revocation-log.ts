import { randomUUID } from 'node:crypto';
import { SessionConflictError, SessionRecordError } from './errors.ts';
import {
  memberRevocation,
  type Revocation,
  type RevocationDelta,
  revocationDelta,
  revocationMember,
} from './revocation.ts';
import type {
  IndexMember,
  RevocationKey,
  RevocationSpace,
  StoredRevocation,
  WritableRevocationSpace,
} from './revocation-ports.ts';

/**
 * Where revocations are kept for the feed, in one partition of the space `sessions`:
 *
 *   revocation-log / head          → `{version, epoch}`: how many there were, and which numbering that is
 *   revocation-log / d / version   → that one revocation, for an hour
 *   revocation-log / current       index of all whose `until` lies ahead (score `until`, expires then): the snapshot
 *   revocation-log / done / id     → the append called `id` was done, for an hour
 *
 * A session's own end is a commit in its subject's partition; it leaves with an outbox message that brings it here, at
 * least once. So a crash between the two delays the news, and never loses it.
 */
const PARTITION = 'revocation-log';
const HEAD: RevocationKey = [PARTITION, 'head'];
const CURRENT: RevocationKey = [PARTITION, 'current'];
const deltaKey = (version: number): RevocationKey => [PARTITION, 'd', String(version)];
const doneKey = (id: string): RevocationKey => [PARTITION, 'done', id];

const FORMAT = 1;
/** How long a reader may have been away and still catch up without reading everything. */
const DELTA_TTL_MS = 3_600_000;
const PAGE = 1_000;
/** The epoch while nothing was ever revoked. */
const UNBEGUN = 'unbegun';
const ATTEMPTS = 50;

export interface RevocationHead {
  readonly epoch: string;
  readonly version: number;
}

/** Where the feed `revocations` comes from: by shape a `FeedSource` of `@sallyport/bus`, whose comments are the contract. */
export interface RevocationSource {
  head(signal?: AbortSignal): Promise<RevocationHead>;
  /** All that are in force. To be taken on top of what is known: see `RevocationTable`. */
  snapshot(
    signal?: AbortSignal,
  ): Promise<RevocationHead & { readonly value: readonly Revocation[] }>;
  since(
    at: RevocationHead,
    signal?: AbortSignal,
  ): Promise<readonly { readonly version: number; readonly delta: RevocationDelta }[] | undefined>;
}

export function revocationSource(space: RevocationSpace): RevocationSource {
  const deltas = async (at: RevocationHead, signal?: AbortSignal) => {
    const [entry] = await space.get([HEAD], signal);
    const { version: last, epoch } = headOf(entry);
    if (at.epoch !== epoch || at.version > last) return undefined;
    const found: { version: number; revocation: Revocation }[] = [];
    for (let from = at.version + 1; from <= last; from += PAGE) {
      const versions = Array.from({ length: Math.min(PAGE, last - from + 1) }, (_, i) => from + i);
      const entries = await space.get(versions.map(deltaKey), signal);
      for (const [i, version] of versions.entries()) {
        const entry = entries[i];
        if (entry === undefined) return undefined;
        found.push({ version, revocation: decode<Revocation>(deltaKey(version), entry) });
      }
    }
    return found;
  };

  return {
    async head(signal) {
      const [entry] = await space.get([HEAD], signal);
      return headOf(entry);
    },
    async since(at, signal) {
      const found = await deltas(at, signal);
      return found?.map(({ version, revocation }) => ({
        version,
        delta: revocationDelta(revocation),
      }));
    },
    async snapshot(signal) {
      // The head first: what the pages have beyond it will come again as deltas, which does no harm.
      const [entry] = await space.get([HEAD], signal);
      const head = headOf(entry);
      const value: Revocation[] = [];
      for (let after: IndexMember | undefined; ; ) {
        const query = after === undefined ? { limit: PAGE } : { limit: PAGE, after };
        const members = await space.range(CURRENT, query, signal);
        value.push(...members.map(({ member, score }) => memberRevocation(member, score)));
        if (members.length < PAGE) return { ...head, value };
        after = members.at(-1);
      }
    },
  };
}

/** What one commit ended. Its `id` is remembered for an hour, so that it may be brought here more than once. */
export interface RevocationBatch {
  readonly id: string;
  readonly revocations: readonly Revocation[];
}

/**
 * Appends the revocations of `batches` (at most 200 in all) as versions of their own, leaving out batches that are in the log
 * already and what has ended by `now` (milliseconds). Says what that were and the version of the first, to be announced;
 * undefined when there was nothing to do. Throws `SessionConflictError` when others were faster all the time.
 */
export async function appendRevocations(
  space: WritableRevocationSpace,
  { batches, now }: { readonly batches: readonly RevocationBatch[]; readonly now: number },
  signal?: AbortSignal,
): Promise<(RevocationHead & { readonly appended: readonly Revocation[] }) | undefined> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const keys = batches.map(({ id }) => doneKey(id));
    const [entry, ...done] = await space.get([HEAD, ...keys], signal);
    const fresh = batches.filter((_, i) => done[i] === undefined);
    const appended = fresh.flatMap(({ revocations }) =>
      revocations.filter(({ until }) => until > now),
    );
    if (appended.length === 0) return undefined;
    const { version, epoch: known } = headOf(entry);
    const epoch = known === UNBEGUN ? randomUUID() : known;
    const members = new Map(appended.map((one) => [revocationMember(one), one.until]));
    const ids = new Set(fresh.map(({ id }) => id));
    const result = await space.commit(
      {
        check: [{ key: HEAD, version: entry?.version }],
        put: [
          put(HEAD, { version: version + appended.length, epoch }),
          ...[...ids].map((id) => put(doneKey(id), true, DELTA_TTL_MS)),
          ...appended.map((one, i) => put(deltaKey(version + 1 + i), one, DELTA_TTL_MS)),
        ],
        index: [...members].map(([add, score]) => ({
          ...{ index: CURRENT, add, score },
          ttlMs: Math.ceil(score - now),
        })),
      },
      signal,
    );
    if (result.ok) return { epoch, version: version + 1, appended };
  }
  throw new SessionConflictError(
    `revocations '${batches[0]?.id}' met ${ATTEMPTS} others in a row: they must be tried again`,
  );
}

function put(key: RevocationKey, value: unknown, ttlMs?: number) {
  const bytes = Buffer.from(JSON.stringify(value));
  return { key, value: bytes, format: FORMAT, ...(ttlMs === undefined ? {} : { ttlMs }) };
}

function headOf(entry: StoredRevocation | undefined): RevocationHead {
  if (entry === undefined) return { epoch: UNBEGUN, version: 0 };
  const { epoch, version } = decode<RevocationHead>(HEAD, entry);
  return { epoch, version };
}

function decode<T>(key: RevocationKey, { value, format }: StoredRevocation): T {
  if (format !== FORMAT) {
    throw new SessionRecordError(
      `${key.join('/')} has format ${format}, the only known is ${FORMAT}`,
    );
  }
  try {
    return JSON.parse(Buffer.from(value).toString()) as T;
  } catch (cause) {
    throw new SessionRecordError(`${key.join('/')} must be JSON`, { cause });
  }
}
