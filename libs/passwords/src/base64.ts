/** The bytes of RFC 4648 base 64, padded or not, one spelling per value; undefined for anything else. */
export function fromBase64(text: string): Buffer | undefined {
  const bare = text.replace(/={0,2}$/, '');
  if (!/^[A-Za-z0-9+/]*$/.test(bare)) return undefined;
  const bytes = Buffer.from(bare, 'base64');
  return toBase64(bytes) === bare ? bytes : undefined;
}

/** Base 64 without padding, as PHC strings have it. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}
