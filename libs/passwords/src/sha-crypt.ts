import { hash as digest } from 'node:crypto';

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/**
 * crypt(3)'s `$5$` and `$6$`: U. Drepper, "Unix crypt using SHA-256 and SHA-512", version 0.6; the comments name its
 * steps. Returns what stands after the salt. Synchronous and slow on purpose: for worker threads.
 */
export function shaCrypt(
  algorithm: 'sha256' | 'sha512',
  password: Uint8Array,
  saltText: string,
  rounds: number,
): string {
  const sum = (parts: readonly Uint8Array[]) => digest(algorithm, Buffer.concat(parts), 'buffer');
  const salt = Buffer.from(saltText, 'latin1');

  // 4 to 8: B. 1 to 3, 9 to 12: A.
  const b = sum([password, salt, password]);
  const parts: Uint8Array[] = [password, salt, repeated(b, password.length)];
  for (let left = password.length; left > 0; left >>= 1) {
    parts.push((left & 1) === 1 ? b : password);
  }
  let a = sum(parts);

  // 13 to 16: P, as long as the password. 17 to 20: S, as long as the salt.
  const p = repeated(sum(Array(password.length).fill(password)), password.length);
  const s = repeated(sum(Array(16 + (a[0] as number)).fill(salt)), salt.length);

  // 21: the rounds.
  for (let round = 0; round < rounds; round += 1) {
    const odd = (round & 1) === 1;
    const step: Uint8Array[] = [odd ? p : a];
    if (round % 3 !== 0) step.push(s);
    if (round % 7 !== 0) step.push(p);
    step.push(odd ? a : p);
    a = sum(step);
  }
  return encode(a);
}

/** `bytes` again and again until there are `length` of them. */
function repeated(bytes: Uint8Array, length: number): Buffer {
  return length === 0 ? Buffer.alloc(0) : Buffer.alloc(length, bytes);
}

/** 22: the digest in crypt's base 64, three bytes at a time in an order of its own, lowest bits first. */
function encode(bytes: Uint8Array): string {
  const short = bytes.length === 32;
  const third = short ? 10 : 21;
  let text = '';
  let triple: [number, number, number] = [0, third, 2 * third];
  for (let group = 0; group < third; group += 1) {
    text += characters(
      triple.map((i) => bytes[i] as number),
      4,
    );
    const [x, y, z] = triple;
    triple = short ? [z + 1, x + 1, y + 1] : [y + 1, z + 1, x + 1];
  }
  return (
    text + (short ? characters([0, bytes[31], bytes[30]], 3) : characters([0, 0, bytes[63]], 2))
  );
}

function characters(bytes: readonly (number | undefined)[], count: number): string {
  const [high = 0, middle = 0, low = 0] = bytes;
  let value = (high << 16) | (middle << 8) | low;
  let text = '';
  for (let i = 0; i < count; i += 1) {
    text += ALPHABET[value & 63];
    value >>= 6;
  }
  return text;
}
