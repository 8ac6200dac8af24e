import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { KeyFormatError } from './errors.ts';

/** Kinds of keys that this product makes; it also takes RSA keys of any size from 2048 to 4096 bits. */
export type KeyKind = 'ec-p256' | 'ec-p384' | 'rsa-2048' | 'rsa-3072' | 'rsa-4096';

/** A private key of a certificate or account. */
export interface PrivateKey {
  /** `ec-p256`, `ec-p384` or `rsa-<bits>`. */
  readonly kind: KeyKind | `rsa-${number}`;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const generate = promisify(generateKeyPair);
const CURVES: Record<string, 'ec-p256' | 'ec-p384'> = {
  prime256v1: 'ec-p256',
  secp384r1: 'ec-p384',
};
const RSA_BITS = { min: 2048, max: 4096 };

/** A new key, made in a thread of libuv's pool: RSA takes up to seconds, during which the event loop runs. */
export async function generatePrivateKey(kind: KeyKind, signal?: AbortSignal): Promise<PrivateKey> {
  signal?.throwIfAborted();
  const { privateKey, publicKey } = kind.startsWith('ec-')
    ? await generate('ec', { namedCurve: kind === 'ec-p256' ? 'P-256' : 'P-384' })
    : await generate('rsa', { modulusLength: Number(kind.slice('rsa-'.length)) });
  signal?.throwIfAborted();
  return { kind, privateKey, publicKey };
}

/** A key from PEM text or DER bytes: PKCS#8, SEC 1 or PKCS#1, not encrypted. */
export function parsePrivateKey(input: string | Uint8Array): PrivateKey {
  const privateKey = typeof input === 'string' ? fromPem(input) : fromDer(Buffer.from(input));
  const publicKey = createPublicKey(privateKey);
  return { kind: kindOf(privateKey), privateKey, publicKey };
}

/** PKCS#8 (RFC 5958) as PEM text. */
export function privateKeyPem({ privateKey }: PrivateKey): string {
  return privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
}

/** PKCS#8 as DER bytes. */
export function privateKeyDer({ privateKey }: PrivateKey): Buffer {
  return privateKey.export({ format: 'der', type: 'pkcs8' });
}

/** `KeyFormatError` for kinds and sizes that we don't take. */
function kindOf(key: KeyObject): PrivateKey['kind'] {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  const type = key.asymmetricKeyType;
  if (type === 'ec' && namedCurve !== undefined && namedCurve in CURVES) {
    return CURVES[namedCurve] as 'ec-p256';
  }
  const { min, max } = RSA_BITS;
  if (
    type === 'rsa' &&
    modulusLength !== undefined &&
    modulusLength >= min &&
    modulusLength <= max
  ) {
    return `rsa-${modulusLength}`;
  }
  throw new KeyFormatError(
    `private key ${type} ${namedCurve ?? modulusLength ?? ''} must be EC P-256, EC P-384 or RSA of ${min} to ${max} bits`,
  );
}

function fromPem(text: string): KeyObject {
  if (/-----BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(text)) {
    throw new KeyFormatError('private key must not be encrypted with a password');
  }
  return attempt(() => createPrivateKey(text));
}

/** DER doesn't say what it is; the three forms exclude each other. */
function fromDer(key: Buffer): KeyObject {
  for (const type of ['pkcs8', 'sec1', 'pkcs1'] as const) {
    try {
      return createPrivateKey({ key, format: 'der', type });
    } catch {
      // Another form, then; the last one's error is the one that is told.
      if (type === 'pkcs1') break;
    }
  }
  return attempt(() => createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
}

/** OpenSSL's reasons don't quote the key. */
function attempt(make: () => KeyObject): KeyObject {
  try {
    return make();
  } catch (cause) {
    throw new KeyFormatError('private key must be PKCS#8, SEC 1 or PKCS#1 as PEM or DER', {
      cause,
    });
  }
}
