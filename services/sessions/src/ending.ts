import { sessionRevoked } from '@sallyport/contracts';
import { type Revocation, SessionConflictError, storeKeys, tagOf } from '@sallyport/session';
import type { Check, Space } from '@sallyport/store';
import type { SessionsConfig } from './config.ts';
import { revoked as counted } from './metrics.ts';
import { type News, newsMessage } from './news.ts';
import type { SessionsPorts } from './ports.ts';
import { readSession, type StoredSession, timeLeft } from './stored-session.ts';

/** Ends one session before its time. */
export interface Ender {
  /**
   * Ends the session with this id and whatever it was renewed from or into; says how many logins that ended, 0 or 1. Its commit
   * is what counts; the log of revocations has it too when this resolves, or will have it.
   */
  endOne(
    id: string,
    why: { readonly audience: string; readonly reason: string },
    signal?: AbortSignal,
  ): Promise<number>;
}

const ATTEMPTS = 20;
/** Renewals that are looked through in each direction: more than can be taken at one time. */
const MOST_RENEWALS = 16;

export function ender(ports: SessionsPorts, config: SessionsConfig, news: News): Ender {
  return {
    async endOne(id, why, signal) {
      const tag = tagOf(id);
      if (tag === undefined) return 0;
      for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
        const ended = await attemptOf(ports, config, news, { id, tag, ...why }, signal);
        if (ended !== undefined) return ended;
      }
      throw new SessionConflictError(
        `the end of session '${id}' met ${ATTEMPTS} changes in a row: it may be asked for again`,
      );
    },
  };
}

interface Wanted {
  readonly id: string;
  readonly tag: string;
  readonly audience: string;
  readonly reason: string;
}

/** Undefined: somebody else changed something, look again. */
async function attemptOf(
  { space, bus, clock, ids }: SessionsPorts,
  config: SessionsConfig,
  news: News,
  { id, tag, audience, reason }: Wanted,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const asked = await readSession(space, id, tag, signal);
  const { record } = asked;
  if (asked.revoked || (record !== undefined && record.audience !== audience)) return 0;
  const family = record === undefined ? [asked] : await familyOf(space, asked, tag, signal);
  const now = clock.now();
  const ends = new Map(
    family.map((one) => [one.id, one.record?.ends ?? now + config.limits.absolute]),
  );
  const revocations = [...ends].map(([session, until]): Revocation => ({ tag, session, until }));
  const batch = { id: `revoke/${ids.next()}`, revocations };
  const event = { session: id, audience, subject: record?.subject ?? '', reason };
  const result = await space.commit(
    {
      check: family.flatMap(({ unchanged: [record, revoked] }) => [record, revoked] as Check[]),
      delete: family
        .filter((one) => one.record !== undefined)
        .map((one) => storeKeys.record(one.id)),
      put: [...ends].map(([session, until]) => ({
        ...{ key: storeKeys.revoked(session), value: Buffer.from(reason), format: 1 },
        ttlMs: timeLeft(until, now),
      })),
      index: family.map((one) => ({ index: storeKeys.index(tag), remove: one.id })),
      outbox: [
        newsMessage(batch),
        // Of a session that the store doesn't know there is nothing to tell but its id.
        ...(record === undefined ? [] : [bus.outgoing.event(sessionRevoked, event)]),
      ],
    },
    signal,
  );
  if (!result.ok) return undefined;
  await news.tell(batch);
  const count = record === undefined ? 0 : 1;
  counted.add(count, { reason });
  return count;
}

/** The session, what it was renewed from and what it was renewed into, as far as there are records. */
async function familyOf(
  space: Space,
  asked: StoredSession,
  tag: string,
  signal: AbortSignal | undefined,
): Promise<StoredSession[]> {
  const family = [asked];
  const follow = async (next: (one: StoredSession) => string | undefined) => {
    let id = next(asked);
    for (let steps = 0; id !== undefined && steps < MOST_RENEWALS; steps += 1) {
      const found = await readSession(space, id, tag, signal);
      if (found.record === undefined) return;
      family.push(found);
      id = next(found);
    }
  };
  await follow((one) => one.record?.previous);
  await follow((one) => one.record?.superseded?.by);
  return family;
}
