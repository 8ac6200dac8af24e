/** Alerts of RFC 8446 section 6.2 that are sent before OpenSSL has a say. */
export const ALERT = {
  accessDenied: 49,
  decodeError: 50,
  internalError: 80,
  unrecognizedName: 112,
} as const;

/** A fatal alert as a record in clear, which every version understands as the answer to a ClientHello. */
export function fatalAlert(description: number): Buffer {
  return Buffer.from([21, 3, 3, 0, 2, 2, description]);
}
