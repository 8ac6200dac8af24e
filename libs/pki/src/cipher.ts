import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { UnsealError } from './errors.ts';

const FORMAT = 1;
const SALT = 24;
const COMMITMENT = 16;
const TAG = 16;
/** format 1 · key id 4 · salt 24 · commitment 16 */
const HEADER = 1 + 4 + SALT + COMMITMENT;

/** Bytes that sealing adds. */
export const OVERHEAD = HEADER + TAG;

/** Seals and opens under one key for one purpose. */
export interface Cipher {
  /** `aad` isn't stored; opening needs the same. */
  seal(plain: Uint8Array, aad: string | Uint8Array): Buffer;
  /** `UnsealError` unless `sealed` is, to the last bit, what {@link seal} made under this key with this `aad`. */
  open(sealed: Uint8Array, aad: string | Uint8Array): Buffer;
}

/**
 * Authenticated encryption with keys bound to `label` and `kid`.
 *
 * Sealed: `1 | kid, 32 bits big-endian | salt 24 | commitment 16 | ciphertext | tag 16`. From a subkey of `secret`, bound to
 * the label by HKDF, and a random 192-bit salt, HMAC-SHA-512 in counter mode (SP 800-108, one block) gives the AES-256 key,
 * the nonce and the commitment. As every message has a key of its own, there is no bound on messages to watch: after
 * 2^64 of them a salt has repeated with probability 2^-65. AES-GCM doesn't commit to its key (a ciphertext can be made
 * that opens under two); the commitment, compared first and in constant time, does. Header and `aad` are authenticated.
 */
export function createCipher(secret: Uint8Array, label: string, kid: number): Cipher {
  const subkey = subkeyOf(secret, `seal/${label}`);
  const keys = (header: Buffer) => {
    const block = createHmac('sha512', subkey)
      .update(header.subarray(0, HEADER - COMMITMENT))
      .digest();
    return {
      key: block.subarray(0, 32),
      nonce: block.subarray(32, 44),
      commitment: block.subarray(44, 44 + COMMITMENT),
    };
  };
  return {
    seal(plain, aad) {
      const header = Buffer.alloc(HEADER);
      header[0] = FORMAT;
      header.writeUInt32BE(kid, 1);
      randomBytes(SALT).copy(header, 5);
      const { key, nonce, commitment } = keys(header);
      commitment.copy(header, HEADER - COMMITMENT);
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG });
      cipher.setAAD(header).setAAD(asBytes(aad));
      return Buffer.concat([header, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed, aad) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
      if (sealedKid(bytes) !== kid) throw refused();
      const header = bytes.subarray(0, HEADER);
      const { key, nonce, commitment } = keys(header);
      if (!timingSafeEqual(commitment, header.subarray(HEADER - COMMITMENT))) throw refused();
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG });
      decipher.setAAD(header).setAAD(asBytes(aad));
      decipher.setAuthTag(bytes.subarray(bytes.length - TAG));
      const plain = decipher.update(bytes.subarray(HEADER, bytes.length - TAG));
      try {
        return Buffer.concat([plain, decipher.final()]);
      } catch (cause) {
        throw refused(cause);
      }
    },
  };
}

/** The key id that sealed bytes name; `UnsealError` when they are none. */
export function sealedKid(sealed: Uint8Array): number {
  if (sealed.length < OVERHEAD || sealed[0] !== FORMAT) throw refused();
  return new DataView(sealed.buffer, sealed.byteOffset).getUint32(1);
}

/** 32 bytes from `secret` that say nothing about it or about those of another label (HKDF-SHA-256, RFC 5869). */
export function subkeyOf(secret: Uint8Array, label: string, length = 32): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `sallyport/v1/${label}`, length));
}

function refused(cause?: unknown): UnsealError {
  return new UnsealError(
    'sealed bytes must be whole and opened with the key, purpose and associated data they were sealed with',
    { cause },
  );
}

function asBytes(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
}
