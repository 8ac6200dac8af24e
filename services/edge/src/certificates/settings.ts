/** How the edge keeps certificates. Times in milliseconds. */
export interface CertificateSettings {
  /** Names kept in memory, about 6 KiB each; those that weren't asked for the longest go first. */
  readonly capacity: number;
  /** How long a handshake's name is worked on: below the front's deadline for certificates. */
  readonly waitMs: number;
  /** A certificate that ends sooner is looked for in the store again. */
  readonly expiryMarginMs: number;
  /** Looked for again, too, after so long without news: while the old one serves. */
  readonly recheckMs: number;
  /** A refusal isn't asked about again for so long. */
  readonly refusalMs: number;
  /** Between two tries while store or bus are away. */
  readonly retryMs: number;
  /** A read of the store. */
  readonly readMs: number;
}

export const CERTIFICATE_SETTINGS: CertificateSettings = {
  capacity: 5000,
  waitMs: 8000,
  expiryMarginMs: 60_000,
  recheckMs: 300_000,
  refusalMs: 5000,
  retryMs: 250,
  readMs: 2000,
};
