import { type KeyObject, randomBytes, type webcrypto, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Extension, Name } from '@peculiar/x509';
import { CertificateRequestError } from './errors.ts';
import type { PrivateKey } from './private-key.ts';

/** When a certificate is valid, milliseconds since the Unix epoch; whole seconds are kept. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Whom a certificate is for, and what for. */
export interface CertificateRequest extends Validity {
  readonly publicKey: KeyObject;
  /** Lower-case A-labels, `*.` allowed in front. */
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** 1 to 64 characters. Names that are checked belong into the two lists above. */
  readonly commonName?: string;
  /** At least one; a server needs a name or an address. */
  readonly usages: readonly ('client' | 'server')[];
}

/** Signs certificates under its own. */
export interface CertificateAuthority {
  /** Its own certificate, PEM. */
  readonly certificate: string;
  /**
   * A certificate as PEM. `CertificateRequestError` when there is no name, a name isn't one, or the validity isn't within the
   * authority's own.
   */
  issue(request: CertificateRequest, signal?: AbortSignal): Promise<string>;
}

/** A new authority with a self-signed certificate that may sign leaves, but no other authorities (pathLen 0). */
export async function createCertificateAuthority(
  options: Validity & { readonly key: PrivateKey; readonly commonName: string },
  signal?: AbortSignal,
): Promise<CertificateAuthority> {
  signal?.throwIfAborted();
  const { key } = options;
  const x509 = await library();
  const certificate = await sign(options, key, {
    subject: await subjectOf(options),
    issuer: await subjectOf(options),
    publicKey: verifier(key.publicKey),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(verifier(key.publicKey)),
    ],
  });
  return authority(key, certificate);
}

/** An authority from its stored parts; `CertificateRequestError` when they don't belong together or it is none. */
export function openCertificateAuthority(options: {
  readonly key: PrivateKey;
  readonly certificate: string;
}): CertificateAuthority {
  const parsed = new X509Certificate(options.certificate);
  if (!parsed.ca) {
    throw new CertificateRequestError(`certificate of ${parsed.subject} must be an authority's`);
  }
  if (!parsed.checkPrivateKey(options.key.privateKey)) {
    throw new CertificateRequestError(`key must be the one of certificate ${parsed.subject}`);
  }
  return authority(options.key, options.certificate);
}

/** A certificate that is its own issuer: for tests, and as the fallback where none other is. */
export async function selfSigned(
  request: Omit<CertificateRequest, 'publicKey'> & { readonly key: PrivateKey },
  signal?: AbortSignal,
): Promise<string> {
  signal?.throwIfAborted();
  const subject = await subjectOf(request);
  return await sign(request, request.key, {
    subject,
    issuer: subject,
    publicKey: verifier(request.key.publicKey),
    extensions: await leafExtensions({ ...request, publicKey: request.key.publicKey }),
  });
}

function authority(key: PrivateKey, certificate: string): CertificateAuthority {
  const own = new X509Certificate(certificate);
  return {
    certificate,
    async issue(request, signal) {
      signal?.throwIfAborted();
      if (
        request.notBefore < own.validFromDate.getTime() ||
        request.notAfter > own.validToDate.getTime()
      ) {
        throw new CertificateRequestError(
          `validity ${range(request)} must be within the authority's, ${own.validFromDate.toISOString()} to ${own.validToDate.toISOString()}`,
        );
      }
      const x509 = await library();
      const extensions = await leafExtensions(request);
      const keyId = await x509.AuthorityKeyIdentifierExtension.create(verifier(key.publicKey));
      return await sign(request, key, {
        subject: await subjectOf(request),
        issuer: new x509.X509Certificate(certificate).subjectName,
        publicKey: verifier(request.publicKey),
        extensions: [...extensions, keyId],
      });
    },
  };
}

interface Unsigned {
  subject: Name;
  issuer: Name;
  publicKey: webcrypto.CryptoKey;
  extensions: Extension[];
}

async function sign(validity: Validity, key: PrivateKey, unsigned: Unsigned): Promise<string> {
  const [notBefore, notAfter] = [validity.notBefore, validity.notAfter].map(wholeSeconds);
  // The year 9999 is the last that GeneralizedTime can hold (RFC 5280 section 4.1.2.5).
  if (!(Number(notBefore) < Number(notAfter) && Number(notAfter) < Date.UTC(10_000, 0))) {
    throw new CertificateRequestError(
      `validity ${range(validity)} must be a span of time before the year 10000`,
    );
  }
  const { X509CertificateGenerator } = await library();
  const certificate = await X509CertificateGenerator.create({
    ...unsigned,
    serialNumber: serialNumber(),
    notBefore: notBefore as Date,
    notAfter: notAfter as Date,
    signingKey: signer(key),
    signingAlgorithm: signatureAlgorithm(key),
  });
  return `${certificate.toString('pem')}\n`;
}

async function leafExtensions(request: CertificateRequest): Promise<Unsigned['extensions']> {
  const { publicKey, dnsNames = [], ipAddresses = [], usages, commonName } = request;
  for (const name of dnsNames) checkDnsName(name);
  for (const address of ipAddresses) {
    if (isIP(address) === 0)
      throw new CertificateRequestError(`'${address}' must be an IP address`);
  }
  const names = dnsNames.length + ipAddresses.length;
  if (usages.length === 0 || (usages.includes('server') && names === 0)) {
    throw new CertificateRequestError(
      'certificate must have a usage, and for a server a name or address',
    );
  }
  if (commonName === undefined && names === 0) {
    throw new CertificateRequestError('certificate must have a common name, a name or an address');
  }
  const x509 = await library();
  const flags = x509.KeyUsageFlags;
  // Only RSA key exchange, gone from TLS 1.3, needs keyEncipherment; old clients insist on it (RFC 5246 section 7.4.2).
  const encipher = publicKey.asymmetricKeyType === 'rsa' ? flags.keyEncipherment : 0;
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(flags.digitalSignature | encipher, true),
    new x509.ExtendedKeyUsageExtension(
      usages.map((usage) => x509.ExtendedKeyUsage[`${usage}Auth`]),
    ),
    await x509.SubjectKeyIdentifierExtension.create(verifier(publicKey)),
    ...(names === 0
      ? []
      : [
          new x509.SubjectAlternativeNameExtension(
            [
              ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
              ...ipAddresses.map((value) => ({ type: 'ip' as const, value })),
            ],
            // RFC 5280 section 4.2.1.6: critical where the subject is empty.
            commonName === undefined,
          ),
        ]),
  ];
}

/** Given as an object, because the library reads syntax (quotes, `#`) into plain strings. RFC 5280 wants UTF8String. */
async function subjectOf({ commonName }: { commonName?: string }): Promise<Name> {
  const x509 = await library();
  if (commonName === undefined) return new x509.Name([]);
  checkCommonName(commonName);
  return new x509.Name([{ CN: [{ utf8String: commonName }] }]);
}

/** RFC 5280, appendix A: ub-common-name is 64. */
function checkCommonName(name: string): void {
  if (/^\P{Cc}{1,64}$/u.test(name)) return;
  throw new CertificateRequestError(
    `common name ${JSON.stringify(name)} must have 1 to 64 characters and no control characters`,
  );
}

const DNS_NAME =
  /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

function checkDnsName(name: string): void {
  if (name.length <= 253 && DNS_NAME.test(name) && isIP(name) === 0) return;
  throw new CertificateRequestError(
    `name ${JSON.stringify(name)} must be a DNS name in lower-case A-labels`,
  );
}

/** RFC 5280 section 4.1.2.2: positive, at most 20 octets; 126 of these 128 bits are random. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function signatureAlgorithm({ kind }: PrivateKey) {
  if (kind === 'ec-p256') return { name: 'ECDSA', hash: 'SHA-256' };
  if (kind === 'ec-p384') return { name: 'ECDSA', hash: 'SHA-384' };
  return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
}

function signer({ privateKey, ...key }: PrivateKey): webcrypto.CryptoKey {
  return privateKey.toCryptoKey(keyAlgorithm(key.publicKey), false, ['sign']);
}

function verifier(publicKey: KeyObject): webcrypto.CryptoKey {
  return publicKey.toCryptoKey(keyAlgorithm(publicKey), true, ['verify']);
}

function keyAlgorithm(key: KeyObject) {
  if (key.asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const namedCurve = key.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'P-384' : 'P-256';
  return { name: 'ECDSA', namedCurve };
}

const wholeSeconds = (ms: number) => new Date(Math.floor(ms / 1000) * 1000);
const iso = (ms: number) => (Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms));
const range = ({ notBefore, notAfter }: Validity) => `${iso(notBefore)} to ${iso(notAfter)}`;

/** Loaded when the first certificate is made: it takes a quarter of a second, and most processes make none. */
async function library() {
  // tsyringe, which @peculiar/x509 brings, asks for it before it loads.
  await import('reflect-metadata');
  return await import('@peculiar/x509');
}
