import { isIP } from 'node:net';

/** Underscores aren't of host names, but of names that are in use and that CAs sign. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** What a client wrote into its SNI: a name to look up, nothing to go by, or not a name. */
export type ServerName =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'address' }
  | { readonly kind: 'bad' };

/**
 * A DNS name in lower case and without a final dot (RFC 6066 section 3 wants it without; some send it). Addresses aren't
 * permitted there; clients that send one get what clients without SNI get.
 */
export function serverName(bytes: Buffer): ServerName {
  const text = bytes.toString('latin1').toLowerCase();
  if (isIP(text) !== 0) return { kind: 'address' };
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  // 253: RFC 1035 section 3.1 counts 255 with the length bytes of first label and root.
  const good = name.length <= 253 && name.split('.').every((label) => LABEL.test(label));
  return good ? { kind: 'name', name } : { kind: 'bad' };
}
