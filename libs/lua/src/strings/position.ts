/** A position from 1: negative ones count from the end of a text of `length` bytes; 0 is before its beginning. */
export function fromEnd(position: number, length: number): number {
  if (position >= 0) return position;
  const at = position + length + 1;
  return at < 0 ? 0 : at;
}
