import { createHash, createHmac, randomBytes } from 'node:crypto';
import { SessionArgumentError } from './errors.ts';
import type { SessionKeys } from './ports.ts';
import { liveKids, secretOf } from './secrets.ts';

/** Bytes of the secret that a cookie carries. */
export const SID_BYTES = 32;

const TAG_BYTES = 8;
const DIGEST_BYTES = 24;

/** The secret of a new session, from the system's generator. In the cookie only: whoever has it is logged in. */
export function newSid(): Buffer {
  return randomBytes(SID_BYTES);
}

/**
 * The id that the session has everywhere but in its cookie: in the store's key, in events, in lists. 43 characters of
 * base64url: the subject's tag and 24 bytes of a SHA-256 of `sid`, so that it says nothing of the cookie and yet finds
 * the record. Sessions of one subject share the first ten characters.
 */
export function sessionId(tag: string, sid: Uint8Array): string {
  const digest = createHash('sha256').update('sallyport session id v1|').update(sid).digest();
  const parts = [Buffer.from(tag, 'base64url'), digest.subarray(0, DIGEST_BYTES)];
  return Buffer.concat(parts).toString('base64url');
}

/** The tag inside a session id; undefined for a text that is none. */
export function tagOf(id: string): string | undefined {
  const bytes = Buffer.from(id, 'base64url');
  if (bytes.length !== TAG_BYTES + DIGEST_BYTES || bytes.toString('base64url') !== id) {
    return undefined;
  }
  return bytes.toString('base64url', 0, TAG_BYTES);
}

/** The store's keys of one subject; the tag is the partition, so what belongs together changes together. */
export const storeKeys = {
  record: (id: string): readonly [string, 'session', string] => {
    const tag = tagOf(id);
    if (tag === undefined) throw new SessionArgumentError(`'${id}' must be a session id`);
    return [tag, 'session', id];
  },
  /** There, whatever is in it, when the session was revoked; until it would have ended anyway. */
  revoked: (id: string): readonly [string, 'revoked', string] => {
    const tag = tagOf(id);
    if (tag === undefined) throw new SessionArgumentError(`'${id}' must be a session id`);
    return [tag, 'revoked', id];
  },
  /** Index of the live session ids of the subject. */
  index: (tag: string) => [tag, 'sessions'] as const,
  /** The epoch that revoking everything raises. */
  epoch: (tag: string) => [tag, 'epoch'] as const,
};

/**
 * Under which tags the sessions of a subject may be: the first is for new ones, the others are of earlier keys. A tag is 8
 * bytes of a keyed digest, 11 characters of base64url: without the key nobody tells whose it is. What concerns all
 * sessions of a subject has to go over all tags, of keys read just before; a key may retire when the longest absolute
 * time-out has passed since it was replaced.
 */
export function subjectTags(
  keys: SessionKeys,
  audience: string,
  subject: string,
): readonly [string, ...string[]] {
  const earlier = liveKids(keys).filter((kid) => kid !== keys.active);
  const tags = [keys.active, ...earlier].map((kid) => {
    const secret = secretOf(keys, kid, 'subject');
    if (secret === undefined) {
      throw new SessionArgumentError(`active key ${keys.active} must be one of the keys`);
    }
    return createHmac('sha256', secret)
      .update(`${Buffer.byteLength(audience)}:${audience}|${subject}`)
      .digest()
      .toString('base64url', 0, TAG_BYTES);
  });
  return tags as [string, ...string[]];
}

/**
 * The secret of the session that follows `sid`: the same for all who renew at the same time, in every process, since it
 * depends on what the record says (its key, its generation) and on nothing else. Undefined when the record's key was retired.
 */
export function successorSid(
  keys: SessionKeys,
  sid: Uint8Array,
  { kid, generation }: { readonly kid: number; readonly generation: number },
): Buffer | undefined {
  const secret = secretOf(keys, kid, 'successor');
  if (secret === undefined) return undefined;
  return createHmac('sha256', secret).update(sid).update(`|${generation}`).digest();
}
