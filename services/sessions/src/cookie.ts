import { type SealedText, sealedFieldContext } from '@sallyport/contracts';
import { encodePayload, type SessionRecord, SessionTooLargeError, seal } from '@sallyport/session';
import { SessionsRequestError } from './errors.ts';
import type { Policy } from './policy.ts';
import type { SessionsPorts } from './ports.ts';
import { endOf } from './stored-session.ts';

/** How long an answer may be on its way, milliseconds. */
const ANSWER_MS = 30_000;
/** What a sealed field holds. */
const MOST_CHARACTERS = 12_000;

/** A session whose cookie is to be told. */
export interface ToldSession {
  readonly id: string;
  readonly tag: string;
  readonly sid: Buffer;
  readonly record: SessionRecord;
}

export interface CookieAnswer {
  session: string;
  cookie: SealedText;
  expires: string;
}

/** The value of the session's cookie. Throws `SessionTooLargeError` when it is more than an answer can carry. */
export function cookieValue(
  { rings }: Pick<SessionsPorts, 'rings'>,
  { tag, sid, record }: ToldSession,
  { storage, cookieName }: Policy,
): string {
  const context = { audience: record.audience, name: cookieName, storage, remember: false };
  const payload = encodePayload(storage === 'cookie' ? { sid, record } : { sid });
  const value = seal(rings.sessions, context, tag, payload);
  if (value.length > MOST_CHARACTERS) {
    throw new SessionTooLargeError(
      `cookie '${cookieName}' of ${value.length} characters must have at most ${MOST_CHARACTERS}: use server storage`,
    );
  }
  return value;
}

/** The answer to the request with key `id` on `subject`: the cookie for the edge's eyes only. */
export function cookieAnswer(
  { sealer }: Pick<SessionsPorts, 'sealer'>,
  request: { readonly subject: string; readonly id: string },
  { id, record }: ToldSession,
  value: string,
  { timeouts }: Policy,
): CookieAnswer {
  const context = sealedFieldContext({ ...request, path: '/cookie' });
  const sealed = sealer.sealSecret(Buffer.from(value), { context, ttlMs: ANSWER_MS });
  return {
    session: id,
    cookie: sealed as SealedText,
    expires: new Date(endOf(record, timeouts)).toISOString(),
  };
}

/** The request's idempotency key. Without one nothing could be sealed for it, and a repeat couldn't be told. */
export function keyOf(rpc: string, idempotencyKey: string | undefined): string {
  if (idempotencyKey !== undefined && idempotencyKey !== '') return idempotencyKey;
  throw new SessionsRequestError(`${rpc} must have an idempotency key`);
}
