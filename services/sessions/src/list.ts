import type { RequestContext } from '@sallyport/bus';
import type { DataOf, ReplyOf, sessionsList } from '@sallyport/contracts';
import { decodeEpoch, sessionStands, storeKeys, subjectTags } from '@sallyport/session';
import type { SessionsConfig } from './config.ts';
import { policyOf } from './policy.ts';
import type { SessionsPorts } from './ports.ts';
import { endOf, membersOf } from './stored-session.ts';

const DEFAULT_LIMIT = 100;

/**
 * The sessions of a subject, last used first, over all its tags. What was renewed isn't among them, nor what was revoked. Whether one
 * has been idle for too long is judged where it is used, by the time-outs there.
 */
export function lister({ space, rings, clock }: SessionsPorts, config: SessionsConfig) {
  return async (
    { audience, subject, limit = DEFAULT_LIMIT }: DataOf<typeof sessionsList>,
    { signal }: Pick<RequestContext, 'signal'>,
  ): Promise<ReplyOf<typeof sessionsList>> => {
    // A key that was made a moment ago has its own tag.
    await rings.sessions.reload(signal);
    const { timeouts } = policyOf(config);
    const now = clock.now();
    const perTag = await Promise.all(
      subjectTags(rings.sessions, audience, subject).map(async (tag) => {
        const [entry] = await space.get([storeKeys.epoch(tag)], signal);
        const epoch = decodeEpoch(entry);
        const members = await membersOf(space, tag, signal);
        return members.filter(
          ({ id, record }) =>
            record.audience === audience &&
            record.subject === subject &&
            (record.ends ?? Number.POSITIVE_INFINITY) > now &&
            sessionStands({ id, epoch: record.epoch }, epoch),
        );
      }),
    );
    const live = perTag.flat().sort((a, b) => b.record.seen - a.record.seen);
    return {
      sessions: live.slice(0, limit).map(({ id, record }) => ({
        ...{ session: id, audience, subject },
        ...(record.consumer === undefined ? {} : { consumer: record.consumer }),
        ...(record.credential === undefined ? {} : { credential: record.credential }),
        created: new Date(record.created).toISOString(),
        seen: new Date(record.seen).toISOString(),
        expires: new Date(endOf(record, timeouts)).toISOString(),
        ...(record.client === undefined ? {} : { client: record.client }),
      })),
    };
  };
}
