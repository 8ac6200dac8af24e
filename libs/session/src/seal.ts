import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { SessionArgumentError } from './errors.ts';
import type { SessionKeys } from './ports.ts';
import { liveKids, secretOf } from './secrets.ts';

/** What a cookie is for. A value sealed for one context opens in no other. */
export interface SealContext {
  /** The application. */
  readonly audience: string;
  /** The cookie's name. */
  readonly name: string;
  /** `server`: the cookie names a record in the store. `cookie`: the record is in the cookie. */
  readonly storage: 'server' | 'cookie';
  /** Whether it is the second, lasting cookie. */
  readonly remember: boolean;
}

/** An opened cookie, or why it wasn't. */
export type Unsealed =
  | {
      readonly outcome: 'opened';
      readonly payload: Buffer;
      /** Of the subject, as {@link seal} was given it. */
      readonly tag: string;
      readonly kid: number;
      /** Sealed with a key that isn't the active one: seal again at the next chance. */
      readonly stale: boolean;
    }
  | {
      readonly outcome: 'refused';
      /**
       * `form`: not the text of a cookie of ours, or of another storage or kind. `unknown-key`: read the keys again.
       * `forged`: damaged, or sealed for another context, or by somebody else.
       */
      readonly reason: 'form' | 'unknown-key' | 'forged';
    };

const VERSION = 1;
const FLAG_IN_COOKIE = 1;
const FLAG_REMEMBER = 2;

const TAG_AT = 4;
const SALT_AT = 12;
const COMMITMENT_AT = 36;
const HEADER = 52;
const GCM_TAG = 16;

/** Bytes that sealing adds. */
const OVERHEAD = HEADER + GCM_TAG;

/** Characters of the text for one byte of payload, and the most that nine cookies of 4096 bytes can hold. */
const LEAST_CHARACTERS = 92;
const MOST_CHARACTERS = 36_864;

/**
 * Seals the value of a cookie, format 1:
 *
 * `base64url(version 1 | kid mod 256, 1 | flags 1 | 0 | subject tag 8 | salt 24 | commitment 16 | ciphertext | tag 16)`
 *
 * HMAC-SHA-512 under the key's secret over context and salt gives AES-256 key 32, nonce 12 and commitment 16, so that each
 * value has a key of its own and no count of messages matters; the header is associated data.
 * `tag` is a subject tag (11 characters). Throws `SessionArgumentError` for another, or an empty payload.
 */
export function seal(
  keys: SessionKeys,
  context: SealContext,
  tag: string,
  payload: Uint8Array,
): string {
  const tagBytes = strictBase64url(tag);
  if (tagBytes?.length !== SALT_AT - TAG_AT) {
    throw new SessionArgumentError(`tag '${tag}' must be 8 bytes as base64url`);
  }
  if (payload.length === 0) throw new SessionArgumentError('payload must not be empty');
  const secret = secretOf(keys, keys.active, 'cookie');
  if (secret === undefined) {
    throw new SessionArgumentError(`active key ${keys.active} must be one of the keys`);
  }
  const header = Buffer.alloc(HEADER);
  header.set([VERSION, keys.active & 0xff, flagsOf(context), 0]);
  header.set(tagBytes, TAG_AT);
  header.set(randomBytes(COMMITMENT_AT - SALT_AT), SALT_AT);
  const { key, nonce, commitment } = derive(secret, context, header);
  header.set(commitment, COMMITMENT_AT);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: GCM_TAG });
  cipher.setAAD(header);
  const sealed = [header, cipher.update(payload), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(sealed).toString('base64url');
}

/** Opens what {@link seal} made in the same context. Any text gives a value; none throws. */
export function open(keys: SessionKeys, context: SealContext, text: string): Unsealed {
  if (text.length < LEAST_CHARACTERS || text.length > MOST_CHARACTERS) return refused('form');
  const bytes = strictBase64url(text);
  if (bytes === undefined || bytes.length <= OVERHEAD) return refused('form');
  if (bytes[0] !== VERSION || bytes[2] !== flagsOf(context) || bytes[3] !== 0) {
    return refused('form');
  }
  // The byte is all that the format has of a key id. Of two live keys that share it the newer is tried first.
  const kids = liveKids(keys).filter((kid) => (kid & 0xff) === bytes[1]);
  if (kids.length === 0) return refused('unknown-key');
  for (const kid of kids) {
    const secret = secretOf(keys, kid, 'cookie');
    const payload = secret === undefined ? undefined : decrypt(secret, context, bytes);
    if (payload !== undefined) {
      const tag = bytes.toString('base64url', TAG_AT, SALT_AT);
      return { outcome: 'opened', payload, tag, kid, stale: kid !== keys.active };
    }
  }
  return refused('forged');
}

function decrypt(secret: Buffer, context: SealContext, bytes: Buffer): Buffer | undefined {
  const header = bytes.subarray(0, HEADER);
  const { key, nonce, commitment } = derive(secret, context, header);
  // GCM alone doesn't commit to its key: a ciphertext can be made that opens under two.
  if (!timingSafeEqual(commitment, header.subarray(COMMITMENT_AT))) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: GCM_TAG });
  decipher.setAAD(header);
  decipher.setAuthTag(bytes.subarray(bytes.length - GCM_TAG));
  const plain = decipher.update(bytes.subarray(HEADER, bytes.length - GCM_TAG));
  try {
    return Buffer.concat([plain, decipher.final()]);
  } catch {
    // Node has no other way to say that the tag is wrong.
    return undefined;
  }
}

function derive(secret: Buffer, context: SealContext, header: Buffer) {
  const block = createHmac('sha512', secret)
    .update(contextBytes(context))
    .update(header.subarray(SALT_AT, COMMITMENT_AT))
    .digest();
  return {
    key: block.subarray(0, 32),
    nonce: block.subarray(32, 44),
    commitment: block.subarray(44, 60),
  };
}

/** Each part after its length, so that no two contexts have the same bytes. */
function contextBytes({ audience, name, storage, remember }: SealContext): string {
  const parts = [audience, name, storage, remember ? 'remember' : 'session'];
  const measured = parts.map((part) => `${Buffer.byteLength(part)}:${part}`);
  return `sallyport session v1|${measured.join('|')}|`;
}

function flagsOf({ storage, remember }: SealContext): number {
  return (storage === 'cookie' ? FLAG_IN_COOKIE : 0) | (remember ? FLAG_REMEMBER : 0);
}

/** Node's decoder skips what it doesn't know and ignores unused bits; here each value has one spelling. */
function strictBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

function refused(reason: 'form' | 'unknown-key' | 'forged'): Unsealed {
  return { outcome: 'refused', reason };
}
