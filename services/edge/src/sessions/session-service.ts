import { type Rpc, RpcFailedError } from '@sallyport/bus';
import {
  type DataOf,
  type ReplyOf,
  type SealedText,
  sealedFieldContext,
  sessionsCreate,
  sessionsRenew,
  sessionsRevoke,
} from '@sallyport/contracts';
import { type SecretReader, type SecretSealer, UnknownKeyError } from '@sallyport/pki';
import type { Ids } from '@sallyport/runtime';
import type { NextCookie } from './known-session.ts';
import type { SessionPolicy } from './policy.ts';

/** Somebody whom the edge recognised, for whom a session is to be made. */
export type NewLogin = Pick<
  DataOf<typeof sessionsCreate>,
  'subject' | 'consumer' | 'credential' | 'groups' | 'client'
>;

export interface SessionServicePorts {
  readonly rpc: Pick<Rpc, 'request'>;
  /** Seals cookies for the service: ring `messages-sessions`. */
  readonly cookieSealer: SecretSealer;
  /** Opens cookies from the service: ring `messages-edge`. */
  readonly cookieReader: SecretReader;
  readonly ids: Ids;
}

/**
 * The service `sessions`, which alone writes sessions. Rejections are those of `Rpc.request`, and of opening what was sealed.
 * Cookies are in no message in clear.
 */
export interface SessionService {
  /** What it made is durable when the answer comes. */
  create(policy: SessionPolicy, login: NewLogin): Promise<NextCookie>;
  /** The session goes on: under the same id when that isn't due yet, and was touched then. A text: refused, and why. */
  renew(policy: SessionPolicy, value: string): Promise<NextCookie | string>;
  /** Ends one session. */
  revoke(audience: string, session: string, reason: string): Promise<void>;
}

const COOKIE = '/cookie';

export function sessionService(ports: SessionServicePorts, timeoutMs: number): SessionService {
  const { rpc, cookieSealer, cookieReader, ids } = ports;

  async function opened(subject: string, id: string, sealed: SealedText): Promise<string> {
    const context = sealedFieldContext({ subject, path: COOKIE, id });
    try {
      return cookieReader.openSecret(sealed, { context }).toString('utf8');
    } catch (error) {
      if (!(error instanceof UnknownKeyError) || !(await cookieReader.refresh())) throw error;
      return cookieReader.openSecret(sealed, { context }).toString('utf8');
    }
  }

  async function renew(policy: SessionPolicy, value: string): Promise<NextCookie | string> {
    const idempotencyKey = ids.next();
    const { subject } = sessionsRenew;
    const cookie = cookieSealer.sealSecret(Buffer.from(value, 'utf8'), {
      context: sealedFieldContext({ subject, path: COOKIE, id: idempotencyKey }),
      ttlMs: timeoutMs,
    }) as SealedText;
    const question = { cookie, audience: policy.audience, policy: wire(policy) };
    const reply: ReplyOf<typeof sessionsRenew> = await rpc.request(sessionsRenew, question, {
      ...{ idempotencyKey, timeoutMs },
    });
    if (reply.outcome === 'refused') return reply.reason;
    return { session: reply.session, value: await opened(subject, idempotencyKey, reply.cookie) };
  }

  return {
    async create(policy, login) {
      const idempotencyKey = ids.next();
      const question = { audience: policy.audience, ...login, policy: wire(policy) };
      const { session, cookie } = await rpc.request(sessionsCreate, question, {
        ...{ idempotencyKey, timeoutMs },
      });
      return { session, value: await opened(sessionsCreate.subject, idempotencyKey, cookie) };
    },
    async renew(policy, value) {
      try {
        return await renew(policy, value);
      } catch (error) {
        // The service can't open what was sealed with a key that it has destroyed since: once more with the present one.
        if (!(error instanceof RpcFailedError) || !(await cookieSealer.refresh())) throw error;
        return await renew(policy, value);
      }
    },
    async revoke(audience, session, reason) {
      await rpc.request(
        sessionsRevoke,
        { audience, target: { session }, reason },
        { idempotencyKey: ids.next(), timeoutMs },
      );
    },
  };
}

/** The policy as messages have it. */
function wire({
  storage,
  cookie,
  timeouts,
}: SessionPolicy): NonNullable<DataOf<typeof sessionsRenew>['policy']> {
  return {
    ...{ storage, name: cookie },
    idleMs: timeouts.idle,
    rollingMs: timeouts.rolling,
    absoluteMs: timeouts.absolute,
    staleMs: timeouts.stale,
  };
}
