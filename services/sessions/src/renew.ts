import type { RequestContext } from '@sallyport/bus';
import {
  type DataOf,
  type ReplyOf,
  sealedFieldContext,
  sessionRenewed,
  sessionsRenew,
} from '@sallyport/contracts';
import { UnknownKeyError } from '@sallyport/pki';
import {
  decodePayload,
  open,
  renewal,
  SessionConflictError,
  type SessionRecord,
  sessionId,
  sessionStands,
  sessionState,
  storeKeys,
} from '@sallyport/session';
import type { SessionsConfig } from './config.ts';
import { cookieAnswer, cookieValue, keyOf, type ToldSession } from './cookie.ts';
import type { Ender } from './ending.ts';
import { type Policy, policyOf } from './policy.ts';
import type { SessionsPorts } from './ports.ts';
import { endOf, putRecord, readSession, timeLeft } from './stored-session.ts';

type Request = DataOf<typeof sessionsRenew>;
type Reply = ReplyOf<typeof sessionsRenew>;

/** An opened cookie. */
interface Shown {
  readonly tag: string;
  readonly sid: Buffer;
  /** With cookie storage. */
  readonly record?: SessionRecord;
}

type Outcome = ToldSession | { readonly refused: string } | 'again';

const DEFAULT_AUDIENCE = 'default';
const ATTEMPTS = 20;

/**
 * Lets a session go on. Due for renewal, it goes on under a new id, the same for all who ask; else under its own, and that it was
 * used is written down. A renewed id that comes back after its grace ends what became of it: one of two has a stolen cookie.
 */
export function renewer(ports: SessionsPorts, config: SessionsConfig, ender: Ender) {
  return async (request: Request, { idempotencyKey, signal }: RequestContext): Promise<Reply> => {
    const key = keyOf('sessions.renew', idempotencyKey);
    const policy = policyOf(config, request.policy);
    const shown = await openCookie(ports, request, key, policy, signal);
    if ('refused' in shown) return { outcome: 'refused', reason: shown.refused };
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const outcome = await attemptOf(ports, config, policy, shown, ender, signal);
      if (outcome === 'again') continue;
      if ('refused' in outcome) return { outcome: 'refused', reason: outcome.refused };
      const asked = { subject: sessionsRenew.subject, id: key };
      const value = cookieValue(ports, outcome, policy);
      return { outcome: 'renewed', ...cookieAnswer(ports, asked, outcome, value, policy) };
    }
    throw new SessionConflictError(
      `a renewal met ${ATTEMPTS} changes of its session in a row: it may be asked for again`,
    );
  };
}

/** Throws what `SecretReader.openSecret` throws for a field that isn't sealed for us, and `SessionRecordError`. */
async function openCookie(
  { reader, rings }: SessionsPorts,
  { cookie, audience = DEFAULT_AUDIENCE }: Request,
  id: string,
  { cookieName, storage }: Policy,
  signal: AbortSignal,
): Promise<Shown | { readonly refused: string }> {
  const context = sealedFieldContext({ subject: sessionsRenew.subject, path: '/cookie', id });
  const unseal = () => reader.openSecret(cookie, { context }).toString();
  const value = await again(unseal, (error) => error instanceof UnknownKeyError, reader, signal);
  const what = { audience, name: cookieName, storage, remember: false };
  let opened = open(rings.sessions, what, value);
  if (opened.outcome === 'refused' && opened.reason === 'unknown-key') {
    if (await rings.sessions.refresh(signal)) opened = open(rings.sessions, what, value);
  }
  if (opened.outcome === 'refused') return { refused: opened.reason };
  const payload = decodePayload(opened.payload);
  if (payload === undefined || (storage === 'cookie') !== (payload.record !== undefined)) {
    return { refused: 'form' };
  }
  return { tag: opened.tag, ...payload };
}

/** `work`, and once more when the ring it needs has changed. */
async function again<T>(
  work: () => T,
  worth: (error: unknown) => boolean,
  ring: { refresh(signal?: AbortSignal): Promise<boolean> },
  signal: AbortSignal,
): Promise<T> {
  try {
    return work();
  } catch (error) {
    if (worth(error) && (await ring.refresh(signal))) return work();
    throw error;
  }
}

async function attemptOf(
  ports: SessionsPorts,
  config: SessionsConfig,
  { timeouts }: Policy,
  shown: Shown,
  ender: Ender,
  signal: AbortSignal,
): Promise<Outcome> {
  const { space, rings, clock, bus } = ports;
  const { tag, sid } = shown;
  const id = sessionId(tag, sid);
  const stored = await readSession(space, id, tag, signal);
  const record = newest(stored.record, shown.record);
  if (stored.revoked) return { refused: 'revoked' };
  if (record === undefined) return { refused: 'ended' };
  if (!sessionStands({ id, epoch: record.epoch }, stored.epoch)) return { refused: 'revoked' };
  const now = clock.now();
  const state = sessionState(record, now, timeouts);
  if (state.state === 'expired') {
    if (state.reason === 'reused' && config.on_reuse === 'revoke') {
      await ender.endOne(id, { audience: record.audience, reason: 'reuse' }, signal);
    }
    return { refused: state.reason };
  }
  // What stood up to the epoch now belongs to it: its successors needn't be spared again.
  const epoch = Math.max(record.epoch, stored.epoch?.epoch ?? 0);

  if (state.state === 'live') {
    if (!state.touch) return { id, tag, sid, record };
    const touched = { ...record, seen: now };
    const put = [putRecord(id, touched, now, timeouts)];
    const result = await space.commit({ check: stored.unchanged, put }, signal);
    return result.ok ? { id, tag, sid, record: touched } : 'again';
  }

  const next = renewal(rings.sessions, tag, sid, record, now, timeouts);
  if (next === undefined) return { refused: 'unknown-key' };
  if (record.superseded !== undefined) {
    const successor = await readSession(space, next.id, tag, signal);
    if (successor.record === undefined) return { refused: 'revoked' };
    return { id: next.id, tag, sid: next.sid, record: successor.record };
  }
  const successor = { ...next.successor, epoch };
  const end = endOf(successor, timeouts);
  const expires = new Date(end).toISOString();
  const { audience, subject } = record;
  const event = { session: id, audience, subject, successor: next.id, expires };
  const index = storeKeys.index(tag);
  const result = await space.commit(
    {
      check: [...stored.unchanged, { key: storeKeys.record(next.id), version: undefined }],
      put: [
        // Kept as long as it could be shown: that is how a cookie that comes back late is noticed.
        putRecord(id, next.old, now, timeouts),
        putRecord(next.id, successor, now, timeouts),
      ],
      index: [
        { index, remove: id },
        { index, add: next.id, score: end, ttlMs: timeLeft(end, now) },
      ],
      outbox: [bus.outgoing.event(sessionRenewed, event, { id: `session.renewed/${next.id}` })],
    },
    signal,
  );
  return result.ok ? { id: next.id, tag, sid: next.sid, record: successor } : 'again';
}

/**
 * With cookie storage the edge writes down in the cookie when it was used, and the store knows whether it was renewed;
 * should the store have lost the record, the cookie has all of it.
 */
function newest(
  stored: SessionRecord | undefined,
  carried: SessionRecord | undefined,
): SessionRecord | undefined {
  if (stored === undefined || carried === undefined) return stored ?? carried;
  return { ...stored, seen: Math.max(stored.seen, carried.seen) };
}
