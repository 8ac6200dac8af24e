/** Membership of the 256 byte values: 1 where the byte belongs. */
export type ByteSet = Uint8Array;

/** The byte set of the class letter after `%`: `%a` … `%z` and their complements, else just that byte. C locale. */
export function classSet(letter: number): ByteSet {
  return CLASSES.get(letter) ?? byteSet(letter);
}

/** Just that byte. */
export function byteSet(byte: number): ByteSet {
  const set = new Uint8Array(256);
  set[byte] = 1;
  return set;
}

/** Every byte, for `.`. */
export const ANY: ByteSet = new Uint8Array(256).fill(1);

const range = (low: string, high: string) => (c: number) =>
  c >= low.charCodeAt(0) && c <= high.charCodeAt(0);
const lower = range('a', 'z');
const upper = range('A', 'Z');
const digit = range('0', '9');
const alpha = (c: number) => lower(c) || upper(c);
const alnum = (c: number) => alpha(c) || digit(c);
const PREDICATES: Record<string, (c: number) => boolean> = {
  a: alpha,
  c: (c) => c < 32 || c === 127,
  d: digit,
  l: lower,
  p: (c) => c > 32 && c < 127 && !alnum(c),
  s: (c) => c === 32 || (c >= 9 && c <= 13),
  u: upper,
  w: alnum,
  x: (c) => digit(c) || range('a', 'f')(c) || range('A', 'F')(c),
  z: (c) => c === 0,
};

const CLASSES = new Map<number, ByteSet>();
for (const [letter, predicate] of Object.entries(PREDICATES)) {
  const members = Uint8Array.from({ length: 256 }, (_, c) => (predicate(c) ? 1 : 0));
  CLASSES.set(letter.charCodeAt(0), members);
  CLASSES.set(
    letter.toUpperCase().charCodeAt(0),
    members.map((m) => 1 - m),
  );
}
