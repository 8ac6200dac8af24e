import type { Feeds } from '@sallyport/bus';
import type { KeyRing } from '@sallyport/pki';
import type { Clock, Logger } from '@sallyport/runtime';
import { encodePayload, revocationSource, seal, sessionEnd } from '@sallyport/session';
import type { Space } from '@sallyport/store';
import type { KnownSession, NextCookie } from './known-session.ts';
import { countQuestion } from './metrics.ts';
import { type SessionPolicy, sealContext } from './policy.ts';
import { type Recognition, SessionRecognition } from './recognition.ts';
import { Revocations } from './revocations.ts';
import { type NewLogin, type SessionServicePorts, sessionService } from './session-service.ts';
import { SESSION_SETTINGS, type SessionSettings } from './settings.ts';
import { StoredSessions } from './stored-sessions.ts';

export interface SessionPorts extends SessionServicePorts {
  /** The space `sessions` of the store, which an edge only reads. */
  readonly space: Pick<Space, 'get' | 'range'>;
  /** The ring `sessions`. */
  readonly keys: KeyRing;
  readonly feeds: Feeds;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The sessions of an edge: what it recognises by itself, and what it asks the service `sessions` for. A session that was used lately
 * costs no trip to store or bus.
 *
 * What a warm session is served by when things are away: the feed of revocations while it is fresh; without it the store, once more than
 * `maxStalenessMs` have passed; without either memory, for `outageGraceMs`. Then, and for sessions that this edge doesn't know,
 * the answer is `away`.
 */
export interface Sessions extends AsyncDisposable {
  /** Begins to follow revocations. Until then every session counts as stale. */
  start(): Promise<void>;
  /**
   * What the values of a request's cookie say: at once if that is known. Never throws or rejects, whatever they are.
   */
  recognise(policy: SessionPolicy, values: readonly string[]): Recognition | Promise<Recognition>;
  /** The cookie of a new session, which is durable by then; undefined when there can't be one now (told and counted). */
  create(policy: SessionPolicy, login: NewLogin): Promise<NextCookie | undefined>;
  /**
   * Does what is due about a session, and gives the cookie that it goes on with; undefined when the present one stays. Requests that
   * come together do it once. What fails is tried again later, and the session isn't the worse for it.
   */
  goOn(
    policy: SessionPolicy,
    session: KnownSession,
    due: 'touch' | 'renew',
  ): Promise<NextCookie | undefined>;
  /** Ends a session; false when that can't be done now (told and counted): then it is as good as before. */
  revoke(policy: SessionPolicy, session: KnownSession, reason: string): Promise<boolean>;
  /** How many are in memory. */
  readonly size: number;
}

/** Refusals to go on that say that a session is over; others are of something else. */
const OVER = new Set(['revoked', 'ended', 'reused', 'idle', 'rolling', 'absolute']);
const DAY_MS = 86_400_000;

export function createSessions(
  ports: SessionPorts,
  given: Partial<SessionSettings> = {},
): Sessions {
  const { space, keys, clock, logger } = ports;
  const settings = { ...SESSION_SETTINGS, ...given };
  const stack = new AsyncDisposableStack();
  const source = revocationSource(space);
  const revocations = stack.use(new Revocations({ ...ports, source }));
  const stored = new StoredSessions(ports, settings);
  const recognition = new SessionRecognition(
    { keys, stored, revocations, clock, logger },
    settings,
  );
  const service = sessionService(ports, settings.rpcMs);

  /** A cookie of the session, as good as the one that it was recognised by. */
  function sealed(policy: SessionPolicy, { sid, record, tag }: KnownSession): string {
    const payload = encodePayload(policy.storage === 'cookie' ? { sid, record } : { sid });
    return seal(keys, sealContext(policy), tag, payload);
  }

  function touched(session: KnownSession): void {
    session.record = { ...session.record, seen: clock.now() };
  }

  function refused(
    policy: SessionPolicy,
    session: KnownSession,
    due: 'touch' | 'renew',
    reason: string,
  ): void {
    countQuestion(due, 'refused');
    logger.info('a session does not go on', { session: session.id, reason });
    if (OVER.has(reason)) end(policy, session);
    else session.retryAt = clock.monotonic() + settings.retryMs;
  }

  /** With cookie storage nothing else would say so at this edge. */
  function end(policy: SessionPolicy, session: KnownSession): void {
    const until = sessionEnd(session.record, policy.timeouts) ?? clock.now() + DAY_MS;
    revocations.ended(session.tag, session.id, until);
    recognition.forget(session);
  }

  async function ask(
    policy: SessionPolicy,
    session: KnownSession,
    due: 'touch' | 'renew',
  ): Promise<NextCookie | undefined> {
    try {
      const next = await service.renew(policy, sealed(policy, session));
      if (typeof next === 'string') {
        refused(policy, session, due, next);
        return undefined;
      }
      countQuestion(due, 'done');
      if (next.session !== session.id) {
        session.next = next;
        return next;
      }
      touched(session);
      return session.oldKey ? next : undefined;
    } catch (error) {
      countQuestion(due, 'failed');
      session.retryAt = clock.monotonic() + settings.retryMs;
      logger.warn('a session could not go on yet', { session: session.id, due, error });
      return undefined;
    }
  }

  return {
    start: () => revocations.start(),
    recognise: (policy, values) => recognition.recognise(policy, values),
    get size() {
      return recognition.size;
    },
    async create(policy, login) {
      try {
        const next = await service.create(policy, login);
        countQuestion('create', 'done');
        return next;
      } catch (error) {
        countQuestion('create', 'failed');
        logger.warn('a login is served without a session', { error });
        return undefined;
      }
    },
    async goOn(policy, session, due) {
      if (session.next !== undefined) return session.next;
      if (clock.monotonic() < session.retryAt) return undefined;
      if (due === 'touch' && policy.storage === 'cookie') {
        // The record is in the cookie, so an edge can write down by itself that it was used.
        touched(session);
        return { session: session.id, value: sealed(policy, session) };
      }
      session.goingOn ??= ask(policy, session, due).finally(() => {
        session.goingOn = undefined;
      });
      return session.goingOn;
    },
    async revoke(policy, session, reason) {
      try {
        await service.revoke(policy.audience, session.id, reason);
      } catch (error) {
        countQuestion('revoke', 'failed');
        logger.warn('a session could not be ended', { session: session.id, reason, error });
        return false;
      }
      countQuestion('revoke', 'done');
      end(policy, session);
      return true;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
