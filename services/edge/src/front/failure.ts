import type { TLSSocket } from 'node:tls';

/** Reasons of the words that OpenSSL has for what ended a handshake. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^ERR_SSL_(PEER_DID_NOT_RETURN_A_CERTIFICATE|CERTIFICATE_VERIFY_FAILED)$/, 'client-certificate'],
  [/^ERR_SSL_NO_APPLICATION_PROTOCOL$/, 'no-application-protocol'],
  [/^ERR_SSL_(UNSUPPORTED_PROTOCOL|WRONG_VERSION_NUMBER|VERSION_TOO_LOW)$/, 'version'],
  [/^ERR_SSL_NO_(SHARED_CIPHER|SUITABLE_\w+|SHARED_GROUP)$/, 'no-shared-algorithm'],
  [/^ERR_SSL_\w*_ALERT_/, 'client-alert'],
  [/^(ECONNRESET|EPIPE)$/, 'closed'],
];

/** One word for the report, from what `tlsClientError` says. */
export function failureReason(error: Error & { code?: string }, socket: TLSSocket): string {
  // Node cuts a connection whose certificate isn't trusted without saying why in the error.
  if (socket.authorizationError) return 'client-certificate';
  return REASONS.find(([pattern]) => pattern.test(error.code ?? ''))?.[1] ?? 'protocol';
}
