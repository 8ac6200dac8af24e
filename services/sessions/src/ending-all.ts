import { createHash } from 'node:crypto';
import { sessionRevoked } from '@sallyport/contracts';
import {
  decodeEpoch,
  EPOCH_FORMAT,
  encodeEpoch,
  raisedEpoch,
  SessionConflictError,
  sessionStands,
  storeKeys,
  subjectTags,
  tagOf,
} from '@sallyport/session';
import { defineRecord, type Key, type OutboxMessage } from '@sallyport/store';
import type { SessionsConfig } from './config.ts';
import { revoked as counted } from './metrics.ts';
import { type News, newsMessage } from './news.ts';
import type { SessionsPorts } from './ports.ts';
import { membersOf, readSession } from './stored-session.ts';

/** Subject of a message to ourselves: end all sessions of one more tag. Never leaves the store. */
export const END_TAG = 'sessions.end-tag';

/** All sessions of a subject, but perhaps one, as one of its tags sees it. */
interface Order {
  /** Told apart from others like it: an order is carried out once per tag. */
  readonly id: string;
  readonly tag: string;
  readonly audience: string;
  readonly subject: string;
  readonly reason: string;
  readonly except?: string;
}

export interface AllEnder {
  /** Ends all sessions of a subject but `except`, over all its tags; says how many logins that ended. */
  endAll(
    what: Omit<Order, 'id' | 'tag'>,
    idempotencyKey: string | undefined,
    signal: AbortSignal,
  ): Promise<number>;
  /** Carries out what a message of the outbox says, unless it was. */
  deliver(message: Pick<OutboxMessage, 'body'>, signal?: AbortSignal): Promise<void>;
}

/** What came of an order, for whoever brings it again. */
const outcomes = defineRecord<{ readonly ended: number }>({ kind: 'ended order', format: 1 });
const outcomeKey = (tag: string, id: string): Key => [tag, 'ended', id];

const ATTEMPTS = 20;
/** Sessions that one commit removes; two changes each. The epoch has ended the others already. */
const PAGE = 400;
const MOST_RENEWALS = 16;
/** How long an order that was carried out is known, milliseconds: longer than its message waits for anything. */
const DONE_MS = 86_400_000;

/**
 * The first tag's commit counts: it raises the epoch and carries, as messages to ourselves, what is left to do for the tags of
 * earlier keys. So a process that dies in the middle leaves nothing undone.
 */
export function allEnder(ports: SessionsPorts, config: SessionsConfig, news: News): AllEnder {
  const { space, rings, ids, bus } = ports;
  const end = (order: Order, more: readonly OutboxMessage[], signal?: AbortSignal) =>
    endTag(ports, config, news, order, more, signal);

  return {
    async endAll(what, idempotencyKey, signal) {
      // A key that was made a moment ago has its own tag.
      await rings.sessions.reload(signal);
      const tags = subjectTags(rings.sessions, what.audience, what.subject);
      const id = idempotencyKey === undefined ? ids.next() : digestOf(idempotencyKey);
      const known = await space.get(
        tags.map((tag) => outcomeKey(tag, id)),
        signal,
      );
      const before = known.map((entry) => outcomes.read(entry));
      if (before.some((outcome) => outcome !== undefined)) {
        return before.reduce((sum, outcome) => sum + (outcome?.ended ?? 0), 0);
      }
      const except = await heirOf(ports, what.except, signal);
      const { except: _asked, ...rest } = what;
      const orders = tags.map(
        (tag): Order => ({ ...rest, id, tag, ...(except === undefined ? {} : { except }) }),
      );
      const [first, ...others] = orders as [Order, ...Order[]];
      const messages = others.map((order) => ({
        ...{ id: `${END_TAG}/${id}/${order.tag}`, subject: END_TAG },
        body: Buffer.from(JSON.stringify(order)),
      }));
      const { audience, subject, reason } = what;
      const told = bus.outgoing.event(
        sessionRevoked,
        { audience, subject, reason },
        { id: `session.revoked/${id}/${first.tag}` },
      );
      let ended = await end(first, [...messages, told], signal);
      for (const order of others) ended += await end(order, [], signal);
      counted.add(ended, { reason: what.reason });
      return ended;
    },
    async deliver({ body }, signal) {
      await end(JSON.parse(Buffer.from(body).toString()) as Order, [], signal);
    },
  };
}

/** Carries out `order`, unless it was; says how many logins it ended, when it was done. */
async function endTag(
  { space, clock, ids }: SessionsPorts,
  config: SessionsConfig,
  news: News,
  order: Order,
  more: readonly OutboxMessage[],
  signal?: AbortSignal,
): Promise<number> {
  const { tag, audience, subject } = order;
  const index = storeKeys.index(tag);
  const except =
    order.except !== undefined && tagOf(order.except) === tag ? order.except : undefined;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const [entry, done] = await space.get(
      [storeKeys.epoch(tag), outcomeKey(tag, order.id)],
      signal,
    );
    if (done !== undefined) return outcomes.read(done).ended;
    const epoch = decodeEpoch(entry);
    const all = await membersOf(space, tag, signal);
    const members = all.filter(({ id }) => id !== except);
    const ended = members.filter(
      ({ id, record }) =>
        record.audience === audience &&
        record.subject === subject &&
        sessionStands({ id, epoch: record.epoch }, epoch),
    ).length;
    const now = clock.now();
    const raised = raisedEpoch(epoch, now, except);
    const until = now + config.limits.absolute;
    const batch = {
      id: `revoke/${ids.next()}`,
      revocations: [{ tag, epoch: raised.epoch, until }],
    };
    const gone = (some: typeof members) => ({
      delete: some.map(({ id }) => storeKeys.record(id)),
      index: some.map(({ id }) => ({ index, remove: id })),
    });
    const result = await space.commit(
      {
        check: [
          { key: storeKeys.epoch(tag), version: entry?.version },
          { key: outcomeKey(tag, order.id), version: undefined },
        ],
        put: [
          {
            ...{ key: storeKeys.epoch(tag), value: encodeEpoch(raised), format: EPOCH_FORMAT },
            ttlMs: config.limits.absolute,
          },
          outcomes.put(outcomeKey(tag, order.id), { ended }, { ttlMs: DONE_MS }),
        ],
        ...gone(members.slice(0, PAGE)),
        outbox: [newsMessage(batch), ...more],
      },
      signal,
    );
    if (!result.ok) continue;
    await news.tell(batch);
    for (let from = PAGE; from < members.length; from += PAGE) {
      await space.commit({ ...gone(members.slice(from, from + PAGE)) }, signal);
    }
    return ended;
  }
  throw new SessionConflictError(
    `the end of all sessions of tag '${tag}' met ${ATTEMPTS} changes in a row: it may be asked for again`,
  );
}

/** The session that `id` was renewed into, if it was: whoever asks may still show the cookie before. */
async function heirOf(
  { space }: Pick<SessionsPorts, 'space'>,
  id: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  let heir = id;
  for (let steps = 0; heir !== undefined && steps < MOST_RENEWALS; steps += 1) {
    const tag = tagOf(heir);
    if (tag === undefined) return undefined;
    const { record } = await readSession(space, heir, tag, signal);
    if (record?.superseded === undefined) return heir;
    heir = record.superseded.by;
  }
  return heir;
}

function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}
