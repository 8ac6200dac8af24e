import { SessionRecordError } from './errors.ts';
import { tagOf } from './ids.ts';

/**
 * One thing that ended before its time: a session, or all sessions of a tag that were made before `epoch`. By shape the
 * data of the feed `revocations` (`@sallyport/contracts`), but for `until`, which is text there.
 */
export interface Revocation {
  readonly tag: string;
  /** Absent: all of the tag up to `epoch`. */
  readonly session?: string;
  readonly epoch?: number;
  /** When what it concerns would have ended anyway, milliseconds since the Unix epoch: from then on nobody needs it. */
  readonly until: number;
}

/** The data of the feed `revocations`, declared by shape. */
export interface RevocationDelta {
  tag: string;
  session?: string;
  epoch?: number;
  until: string;
}

/** A date can't be later (ECMA-262, section 21.4.1.1). */
const LAST_DATE = 8.64e15;

export function revocationDelta({ until, ...what }: Revocation): RevocationDelta {
  return { ...what, until: new Date(Math.min(until, LAST_DATE)).toISOString() };
}

/** Throws `SessionRecordError` for a delta whose `until` is no date. */
export function revocationOf({ tag, session, epoch, until }: RevocationDelta): Revocation {
  const end = Date.parse(until);
  if (Number.isNaN(end)) throw new SessionRecordError(`until '${until}' must be a date and time`);
  return {
    tag,
    ...(session === undefined ? {} : { session }),
    ...(epoch === undefined ? {} : { epoch }),
    until: end,
  };
}

/** As a member of the index, whose score is `until`: `s.<session id>` or `a.<tag>.<epoch>`. */
export function revocationMember({ tag, session, epoch }: Revocation): string {
  return session === undefined ? `a.${tag}.${epoch ?? 0}` : `s.${session}`;
}

/** Throws `SessionRecordError` for what no version before this one writes: to skip it would let a session live. */
export function memberRevocation(member: string, until: number): Revocation {
  const [kind, name = '', number = ''] = member.split('.');
  const tag = kind === 's' ? tagOf(name) : name;
  if (kind === 's' && tag !== undefined) return { tag, session: name, until };
  if (kind === 'a' && /^\d{1,16}$/.test(number)) return { tag: name, epoch: Number(number), until };
  throw new SessionRecordError(`revocation '${member}' must be s.<session id> or a.<tag>.<epoch>`);
}
