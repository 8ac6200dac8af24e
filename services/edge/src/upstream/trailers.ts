import type { Fields } from '../http1/fields.ts';
import { HOP_BY_HOP, isReserved } from './reserved.ts';

/** What must be known before a body and so has no place behind it (RFC 9110 section 6.5.1). */
const HEAD_ONLY = new Set([
  ...HOP_BY_HOP,
  ...['authorization', 'cache-control', 'content-encoding', 'content-length', 'content-range'],
  ...['content-type', 'cookie', 'expect', 'host', 'max-forwards', 'set-cookie', 'trailer', 'via'],
]);

/** The trailers that may be passed on: who merges them into the head must find nothing there that a head wouldn't have brought. */
export function forwardable({ raw }: Fields): [string, string][] {
  const trailers: [string, string][] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const key = name.toLowerCase();
    if (!HEAD_ONLY.has(key) && !isReserved(key)) trailers.push([name, raw[i + 1] as string]);
  }
  return trailers;
}
