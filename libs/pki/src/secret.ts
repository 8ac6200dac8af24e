import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import type { Clock } from '@sallyport/runtime';
import { createCipher, OVERHEAD } from './cipher.ts';
import { SealArgumentError, SecretExpiredError, UnknownKeyError, UnsealError } from './errors.ts';
import { activeKid, type Reloadable } from './key-ring.ts';
import type { LiveRing } from './live-ring.ts';
import type { MessagePurpose } from './purposes.ts';
import type { RingContent } from './ring-record.ts';

/** Seals secrets that travel in messages. It can't open what it or others sealed. */
export interface SecretSealer extends Reloadable {
  readonly purpose: MessagePurpose;
  /**
   * `sp1.<kid>.<base64url>`: `secret` (at most 12,000 bytes) for the purpose's readers, for `ttlMs` from now, bound to
   * `context`: the message and field it goes into, see `sealedFieldContext` of contracts. Its length shows up to 64 bytes.
   */
  sealSecret(secret: Uint8Array, options: { context: string; ttlMs: number }): string;
}

/** Opens secrets that travel in messages. */
export interface SecretReader extends Reloadable {
  readonly purpose: MessagePurpose;
  /**
   * The secret. `UnknownKeyError`: sealed with a key that isn't here (it may be after a `refresh`); `UnsealError`:
   * damaged, or for another field, message or reader; `SecretExpiredError`.
   */
  openSecret(sealed: string, options: { context: string }): Buffer;
}

/** Clocks of two nodes may differ by this much, milliseconds; a secret lives that much longer than asked. */
export const CLOCK_SKEW_MS = 5000;
const MAX_SECRET = 12_000;
const BLOCK = 64;
/** expiry, milliseconds, 48 bits · length of the secret, 32 bits */
const FRAME = 6 + 4;
const PUBLIC = 32;
/** What precedes the 32 bytes of a key in DER (RFC 8410 section 7 and 4). */
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const SPKI = Buffer.from('302a300506032b656e032100', 'hex');

export interface PublicKey {
  readonly kid: number;
  readonly key: KeyObject;
  readonly raw: Buffer;
}
export type PrivateKeys = ReadonlyMap<number, { key: KeyObject; publicRaw: Buffer }>;

/** The public half of a ring: only its active key, for nobody seals with another. */
export function publicContent({ revision, keys }: RingContent): RingContent {
  return {
    revision,
    keys: keys.flatMap(({ kid, created, state, material }) =>
      state === 'active' && material !== undefined
        ? [{ kid, created, state, material: rawPublic(privateKey(material)) }]
        : [],
    ),
  };
}

export function publicKeyOf(content: RingContent): PublicKey {
  const kid = activeKid(content);
  const raw = content.keys.find((key) => key.kid === kid)?.material as Buffer;
  return { kid, raw, key: publicKey(raw) };
}

export function privateKeysOf(content: RingContent): PrivateKeys {
  return new Map(
    content.keys.flatMap(({ kid, material }) => {
      if (material === undefined) return [];
      const key = privateKey(material);
      return [[kid, { key, publicRaw: rawPublic(key) }] as const];
    }),
  );
}

/**
 * Sealing to a public key, after the plan of HPKE's base mode (RFC 9180): the shared secret of an ephemeral X25519 key and
 * the reader's is the secret of a {@link createCipher} whose label has both public keys, so a sealed value fits one reader key
 * only. Body: `ephemeral key 32 | sealed bytes of cipher.ts`; in it expiry, length, secret, zeros up to 64-byte steps.
 */
export function secretSealer(
  purpose: MessagePurpose,
  live: LiveRing<PublicKey>,
  clock: Clock,
): SecretSealer {
  return {
    purpose,
    sealSecret(secret, { context, ttlMs }) {
      if (secret.length > MAX_SECRET) {
        throw new SealArgumentError(
          `secret of ${secret.length} bytes must have at most ${MAX_SECRET}`,
        );
      }
      const expires = clock.now() + ttlMs;
      if (!(ttlMs >= 1) || !Number.isSafeInteger(expires) || expires >= 2 ** 48) {
        throw new SealArgumentError(
          `ttlMs ${ttlMs} must be a whole number from 1 that a date can hold`,
        );
      }
      const { kid, key, raw } = live.made;
      const frame = Buffer.alloc(Math.ceil((FRAME + secret.length) / BLOCK) * BLOCK);
      frame.writeUIntBE(expires, 0, 6);
      frame.writeUInt32BE(secret.length, 6);
      frame.set(secret, FRAME);
      const ephemeral = generateKeyPairSync('x25519');
      const ephemeralRaw = rawOf(ephemeral.publicKey);
      const shared = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: key });
      const sealed = cipherFor(purpose, kid, shared, ephemeralRaw, raw).seal(frame, context);
      return `sp1.${kid}.${Buffer.concat([ephemeralRaw, sealed]).toString('base64url')}`;
    },
    reload: (signal) => live.reload(signal),
    refresh: (signal) => live.refresh(signal),
  };
}

const TEXT = /^sp1\.([1-9]\d{0,9})\.([A-Za-z0-9_-]{1,17000})$/;

export function secretReader(
  purpose: MessagePurpose,
  live: LiveRing<PrivateKeys>,
  clock: Clock,
): SecretReader {
  return {
    purpose,
    openSecret(text, { context }) {
      const [, kidText, body] = TEXT.exec(text) ?? [];
      const bytes = body === undefined ? undefined : Buffer.from(body, 'base64url');
      // Unused bits at the end of base64url, or a cut-off frame: one value has one spelling.
      if (
        bytes === undefined ||
        bytes.toString('base64url') !== body ||
        bytes.length < PUBLIC + OVERHEAD + BLOCK
      ) {
        throw new UnsealError(`sealed secret must be 'sp1.', a key id, '.' and whole base64url`);
      }
      const kid = Number(kidText);
      const found = live.made.get(kid);
      if (found === undefined) {
        throw new UnknownKeyError(
          `key ${kid} of '${purpose}' must be in revision ${live.content.revision} of the ring`,
        );
      }
      const ephemeralRaw = bytes.subarray(0, PUBLIC);
      const shared = agree(found.key, ephemeralRaw);
      const cipher = cipherFor(purpose, kid, shared, ephemeralRaw, found.publicRaw);
      const frame = cipher.open(bytes.subarray(PUBLIC), context);
      const expires = frame.readUIntBE(0, 6);
      const now = clock.now();
      if (now > expires + CLOCK_SKEW_MS) {
        throw new SecretExpiredError(`sealed secret expired ${now - expires} ms ago`);
      }
      const length = frame.readUInt32BE(6);
      if (length > frame.length - FRAME)
        throw new UnsealError(`sealed secret of ${length} bytes must fit its frame`);
      return Buffer.from(frame.subarray(FRAME, FRAME + length));
    },
    reload: (signal) => live.reload(signal),
    refresh: (signal) => live.refresh(signal),
  };
}

function cipherFor(
  purpose: MessagePurpose,
  kid: number,
  shared: Buffer,
  ephemeral: Buffer,
  reader: Buffer,
) {
  const keys = `${ephemeral.toString('base64url')}/${reader.toString('base64url')}`;
  return createCipher(shared, `secret/${purpose}/${keys}`, kid);
}

/** OpenSSL refuses points of low order, whose shared secret everybody knows (RFC 7748 section 6.1). */
function agree(privateKey_: KeyObject, raw: Buffer): Buffer {
  try {
    return diffieHellman({ privateKey: privateKey_, publicKey: publicKey(raw) });
  } catch (cause) {
    throw new UnsealError('ephemeral key of a sealed secret must be a point of full order', {
      cause,
    });
  }
}

const privateKey = (seed: Buffer) =>
  createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
const publicKey = (raw: Buffer) =>
  createPublicKey({ key: Buffer.concat([SPKI, raw]), format: 'der', type: 'spki' });
const rawPublic = (key: KeyObject) => rawOf(createPublicKey(key));
const rawOf = (key: KeyObject) => key.export({ format: 'der', type: 'spki' }).subarray(SPKI.length);
