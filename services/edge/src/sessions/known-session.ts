import type { SessionRecord } from '@sallyport/session';

/** The cookie that a session goes on with. */
export interface NextCookie {
  /** Public id of the session that it is for. */
  readonly session: string;
  /** Its value. */
  readonly value: string;
}

/** A session as this edge keeps it, behind one value of a cookie. */
export interface KnownSession {
  readonly digest: string;
  /** Public id. */
  readonly id: string;
  readonly tag: string;
  readonly sid: Buffer;
  /** The cookie is sealed with a key that is about to go. */
  readonly oldKey: boolean;
  record: SessionRecord;
  /** The newest epoch of its subject that it is known to withstand. */
  epoch: number;
  /** When the store was asked about it, by the monotonic clock; a cookie that has it all: perhaps never. */
  readAt: number;
  /** Renewed: everybody who still has this cookie gets the same next one. */
  next: NextCookie | undefined;
  /** Being renewed or touched. */
  goingOn: Promise<NextCookie | undefined> | undefined;
  /** Not renewed or touched before. */
  retryAt: number;
}
