/** What came instead of TLS. */
export type Stray = 'plain-http' | 'proxy-protocol' | 'ssl2-hello' | 'not-tls';

/** Methods with their space, and the preface of HTTP/2 (RFC 9113 section 3.4). */
const HTTP = 'GET |HEAD |POST |PUT |DELETE |CONNECT |OPTIONS |TRACE |PATCH |PRI '.split('|');

/** Names the first bytes of a connection that aren't a TLS record. As many bytes as there are decide: one `G` is HTTP. */
export function nameStray(start: Buffer): Stray {
  const text = start.toString('latin1', 0, 8);
  const begins = (word: string) => text.startsWith(word) || word.startsWith(text);
  if (HTTP.some(begins)) return 'plain-http';
  if (begins('PROXY ') || begins('\r\n\r\n\0\r\nQ')) return 'proxy-protocol';
  // RFC 5246 appendix E.2: length with the high bit set, then message type 1.
  if (((start[0] as number) & 0x80) !== 0 && (start.length < 3 || start[2] === 1))
    return 'ssl2-hello';
  return 'not-tls';
}
