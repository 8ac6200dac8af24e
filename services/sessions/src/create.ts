import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { RequestContext } from '@sallyport/bus';
import { type DataOf, sessionCreated, sessionsCreate } from '@sallyport/contracts';
import {
  SessionConflictError,
  type SessionRecord,
  sessionId,
  sessionStands,
  storeKeys,
  subjectTags,
} from '@sallyport/session';
import { defineRecord, type Key } from '@sallyport/store';
import type { SessionsConfig } from './config.ts';
import { type CookieAnswer, cookieAnswer, cookieValue, keyOf, type ToldSession } from './cookie.ts';
import { SessionEndedError } from './errors.ts';
import { type Policy, policyOf } from './policy.ts';
import type { SessionsPorts } from './ports.ts';
import { endOf, putRecord, readSession, timeLeft } from './stored-session.ts';

type Request = DataOf<typeof sessionsCreate>;

/**
 * What is remembered of a request: enough to find its session again, and useless without the ring. The secret itself is
 * nowhere but in the cookie.
 */
interface Creation {
  readonly kid: number;
  readonly salt: string;
}

const creations = defineRecord<Creation>({ kind: 'creation', format: 1 });
const creationKey = (tag: string, digest: string): Key => [tag, 'creation', digest];

/** How often others may be faster in the same partition. */
const ATTEMPTS = 20;

/**
 * Makes a session: record, index and event in one commit that checks the subject's epoch, done before the answer. The same
 * idempotency key gets the same session, sealed anew, whichever instance is asked.
 */
export function creator(ports: SessionsPorts, config: SessionsConfig) {
  return async (
    request: Request,
    { idempotencyKey, signal }: RequestContext,
  ): Promise<CookieAnswer> => {
    const id = keyOf('sessions.create', idempotencyKey);
    const policy = policyOf(config, request.policy);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const told = await attemptOf(ports, config, policy, request, id, signal);
      if (told === undefined) continue;
      const asked = { subject: sessionsCreate.subject, id };
      return cookieAnswer(ports, asked, told, cookieValue(ports, told, policy), policy);
    }
    throw new SessionConflictError(
      `a new session met ${ATTEMPTS} changes of its subject in a row: it may be asked for again`,
    );
  };
}

/** Undefined: somebody else changed something, look again. */
async function attemptOf(
  ports: SessionsPorts,
  config: SessionsConfig,
  policy: Policy,
  request: Request,
  key: string,
  signal: AbortSignal,
): Promise<ToldSession | undefined> {
  const { space, rings, clock, bus } = ports;
  const { audience, subject } = request;
  const tags = subjectTags(rings.sessions, audience, subject);
  const digest = createHash('sha256').update(key).digest('base64url');
  const remembered = await space.get(
    tags.map((tag) => creationKey(tag, digest)),
    signal,
  );
  const at = remembered.findIndex((entry) => entry !== undefined);
  if (at !== -1) {
    const creation = creations.read(remembered[at]) as Creation;
    return await repeated(ports, request, key, creation, tags[at] as string, signal);
  }

  const [tag] = tags;
  const creation = { kid: rings.sessions.active, salt: randomBytes(16).toString('base64url') };
  const sid = sidOf(ports, request, key, creation);
  const id = sessionId(tag, sid);
  const stored = await readSession(space, id, tag, signal);
  const now = clock.now();
  const { timeouts } = policy;
  const record: SessionRecord = {
    ...known(request),
    ...{ created: now, rolled: now, seen: now, generation: 0, remember: false },
    epoch: stored.epoch?.epoch ?? 0,
    kid: rings.sessions.active,
    ends: now + timeouts.absolute,
  };
  const told = { id, tag, sid, record };
  // Before anything is written: a cookie that no answer can carry is no session.
  cookieValue(ports, told, policy);
  const end = endOf(record, timeouts);
  const expires = new Date(end).toISOString();
  const { client, consumer, credential } = record;
  const event = {
    ...{ session: id, audience, subject, expires },
    ...(consumer === undefined ? {} : { consumer }),
    ...(credential === undefined ? {} : { credential }),
    ...(client === undefined ? {} : { client }),
  };
  const result = await space.commit(
    {
      check: [...stored.unchanged, { key: creationKey(tag, digest), version: undefined }],
      put: [
        putRecord(id, record, now, timeouts),
        creations.put(creationKey(tag, digest), creation, { ttlMs: config.repeats }),
      ],
      index: [{ index: storeKeys.index(tag), add: id, score: end, ttlMs: timeLeft(end, now) }],
      outbox: [bus.outgoing.event(sessionCreated, event, { id: `session.created/${id}` })],
    },
    signal,
  );
  return result.ok ? told : undefined;
}

/** The session that the same request made before. Ended in between it stays so, for whoever has its cookie. */
async function repeated(
  ports: SessionsPorts,
  request: Request,
  key: string,
  creation: Creation,
  tag: string,
  signal: AbortSignal,
): Promise<ToldSession> {
  const sid = sidOf(ports, request, key, creation);
  const id = sessionId(tag, sid);
  const { record, revoked, epoch } = await readSession(ports.space, id, tag, signal);
  if (record === undefined || revoked || !sessionStands({ id, epoch: record.epoch }, epoch)) {
    throw new SessionEndedError(`session '${id}' of this idempotency key has ended`);
  }
  return { id, tag, sid, record };
}

/** Bound to the request by a secret of the ring: who sees the store can't make it. Throws when the ring retired the key. */
function sidOf(
  { rings }: Pick<SessionsPorts, 'rings'>,
  { audience, subject }: Request,
  key: string,
  { kid, salt }: Creation,
): Buffer {
  return createHmac('sha256', rings.sessions.derive(kid, 'session/v1/create'))
    .update(JSON.stringify([salt, audience, subject, key]))
    .digest();
}

/** Of what was asked, what is kept: later versions may send more. */
function known({ audience, subject, consumer, credential, groups, client }: Request) {
  return {
    ...{ audience, subject },
    ...(consumer === undefined ? {} : { consumer }),
    ...(credential === undefined ? {} : { credential }),
    ...(groups === undefined ? {} : { groups }),
    ...(client === undefined
      ? {}
      : {
          client: {
            address: client.address,
            ...(client.port === undefined ? {} : { port: client.port }),
          },
        }),
  };
}
